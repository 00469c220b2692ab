#include "tests/interleavings/fiber_schedule.h"

#include "core/check.h"
#include "core/limits/shared_word.h"

namespace headrace::core {

namespace {

constexpr std::size_t kStackBytes = std::size_t{128} * 1024;

}  // namespace

FiberSchedule* FiberSchedule::current_ = nullptr;

FiberSchedule::FiberSchedule(std::uint64_t seed, std::uint64_t stay) : random_(seed), stay_(stay) {
  HEADRACE_CHECK(current_ == nullptr);
  current_ = this;
  step_point = &FiberSchedule::on_step_point;
}

FiberSchedule::~FiberSchedule() {
  step_point = nullptr;
  current_ = nullptr;
}

std::size_t FiberSchedule::add(std::function<void()> body) {
  auto fiber = std::make_unique<Fiber>();
  fiber->body = std::move(body);
  fiber->stack.resize(kStackBytes);
  ::getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack.data();
  fiber->context.uc_stack.ss_size = fiber->stack.size();
  fiber->context.uc_link = &scheduler_;
  ::makecontext(&fiber->context, &FiberSchedule::enter, 0);
  fibers_.push_back(std::move(fiber));
  return fibers_.size() - 1;
}

void FiberSchedule::kill(std::size_t fiber) {
  fibers_[fiber]->over = true;
}

void FiberSchedule::enter() {
  Fiber& self = *current_->running_;
  self.body();
  self.over = true;
}

void FiberSchedule::on_step_point() {
  FiberSchedule& self = *current_;
  if (self.running_ == nullptr) return;
  if (self.points_left_ > 0) {
    if (--self.points_left_ > 0) return;
  } else if (self.random_.below(self.stay_) != 0) {
    return;
  }
  ::swapcontext(&self.running_->context, &self.scheduler_);
}

void FiberSchedule::give_way() {
  if (current_->points_left_ > 0) return;
  ::swapcontext(&current_->running_->context, &current_->scheduler_);
}

void FiberSchedule::go_on(Fiber& fiber) {
  running_ = &fiber;
  ::swapcontext(&scheduler_, &fiber.context);
  running_ = nullptr;
}

bool FiberSchedule::step() {
  std::vector<Fiber*> alive;
  for (const auto& fiber : fibers_)
    if (!fiber->over) alive.push_back(fiber.get());
  if (alive.empty()) return false;
  go_on(*alive[random_.below(alive.size())]);
  return true;
}

bool FiberSchedule::run_alone(std::size_t fiber, std::uint64_t points) {
  points_left_ = points;
  if (!fibers_[fiber]->over) go_on(*fibers_[fiber]);
  points_left_ = 0;
  return !fibers_[fiber]->over;
}

}  // namespace headrace::core
