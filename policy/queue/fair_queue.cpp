#include "policy/queue/fair_queue.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/planted_bug.h"

namespace headrace::policy {
namespace {

// From here on virtual time is counted anew: no tag can overflow.
constexpr std::uint64_t kVirtualTimeMax = std::uint64_t{1} << 62U;
static_assert(kFairCostMax * kFairWeightMax < kVirtualTimeMax);

std::uint64_t step_of(std::uint64_t cost, std::uint64_t weight) {
  return std::max<std::uint64_t>(cost * kFairWeightMax / weight, 1);
}

bool is_idle(const FairFlow& flow) {
  return static_cast<const core::ListHook<IdleFlowTag>&>(flow).linked();
}

}  // namespace

FairQueue::~FairQueue() {
  end_busy_period();
}

void FairQueue::end_busy_period() {
  HEADRACE_CHECK(empty(), "somebody waits in a queue that is left");
  virtual_time_ = 0;
  while (!idle_.empty())
    forget_one_idle();
}

bool FairQueue::join(FairEntry& entry, std::uint64_t tenant, std::uint64_t weight,
                     std::uint64_t cost) {
  HEADRACE_CHECK(entry.flow == nullptr, "who waits already does not join");
  FairFlow* flow = flow_of(tenant);
  if (flow == nullptr) return false;
  if (core::planted(core::PlantedBug::queue_weight_ignored)) weight = 1;
  flow->weight = std::clamp<std::uint64_t>(weight, 1, kFairWeightMax);
  entry.flow = flow;
  entry.cost = std::clamp<std::uint64_t>(cost, 1, kFairCostMax);
  flow->waiting.push_back(entry);
  flow->cost_waiting += entry.cost;
  ++waiting_;
  if (is_idle(*flow)) {
    flow->start = std::max(flow->start, virtual_time_);
    move(*flow);
  }
  return true;
}

FairEntry* FairQueue::call() {
  HEADRACE_CHECK(called_ == nullptr, "one is called at a time");
  if (first_ == nullptr) return nullptr;
  if (virtual_time_ >= kVirtualTimeMax) rebase();
  FairFlow& flow = *first_;
  called_ = flow.waiting.pop_front();
  flow.cost_waiting -= called_->cost;
  --waiting_;
  virtual_time_ = std::max(virtual_time_, flow.start);
  called_->step = step_of(called_->cost, flow.weight);
  flow.start += called_->step;
  move(flow);
  return called_;
}

void FairQueue::served() {
  HEADRACE_CHECK(called_ != nullptr);
  called_->flow = nullptr;
  called_ = nullptr;
  // What is behind virtual time says nothing any more.
  if (!idle_.empty() && idle_.front().start <= virtual_time_) forget_one_idle();
}

void FairQueue::put_back() {
  HEADRACE_CHECK(called_ != nullptr);
  FairFlow& flow = *called_->flow;
  flow.start -= called_->step;
  flow.waiting.push_front(*called_);
  flow.cost_waiting += called_->cost;
  ++waiting_;
  called_ = nullptr;
  move(flow);
}

void FairQueue::leave(FairEntry& entry) {
  if (entry.flow == nullptr) return;
  FairFlow& flow = *entry.flow;
  entry.flow = nullptr;
  if (&entry == called_) {
    called_ = nullptr;
    flow.start -= entry.step;
  } else {
    entry.unlink();
    flow.cost_waiting -= entry.cost;
    --waiting_;
    if (!flow.waiting.empty()) return;
  }
  move(flow);
}

std::uint64_t FairQueue::cost_ahead(std::uint64_t tenant, std::uint64_t weight) {
  const FairFlow* own = flows_.find(*this, tenant);
  const std::uint64_t own_cost = own == nullptr ? 0 : own->cost_waiting;
  const std::uint64_t begins = own == nullptr ? virtual_time_ : std::max(own->start, virtual_time_);
  // Its tag when those of its own tenant have had their turns; others are served up to there.
  const std::uint64_t start =
      begins + (own_cost == 0 ? 0
                              : step_of(std::min(own_cost, kFairCostMax),
                                        std::clamp<std::uint64_t>(weight, 1, kFairWeightMax)));
  std::uint64_t ahead = own_cost;
  for (const FairFlow* each = first_; each != nullptr && each->start <= start; each = each->later) {
    if (each == own) continue;
    const std::uint64_t room = std::min(start - each->start, kFairCostMax);
    ahead += std::min(room * each->weight / kFairWeightMax + 1, each->cost_waiting);
  }
  return ahead;
}

FairFlow* FairQueue::flow_of(std::uint64_t tenant) {
  if (FairFlow* known = flows_.find(*this, tenant)) return known;
  FairFlow* flow = flows_.make(*this, tenant);
  if (flow == nullptr && !idle_.empty()) {
    forget_one_idle();
    flow = flows_.make(*this, tenant);
  }
  if (flow != nullptr) idle_.push_back(*flow);
  return flow;
}

// To where it belongs now.
void FairQueue::move(FairFlow& flow) {
  auto& idle = static_cast<core::ListHook<IdleFlowTag>&>(flow);
  idle.linked() ? idle.unlink() : take_out_of_order(flow);
  flow.waiting.empty() ? idle_.push_back(flow) : put_in_order(flow);
}

// Behind those that begin as early: looked for from the end, where most belong.
void FairQueue::put_in_order(FairFlow& flow) {
  FairFlow* before = last_;
  while (before != nullptr && before->start > flow.start)
    before = before->earlier;
  flow.earlier = before;
  flow.later = before == nullptr ? first_ : before->later;
  (before == nullptr ? first_ : before->later) = &flow;
  (flow.later == nullptr ? last_ : flow.later->earlier) = &flow;
}

void FairQueue::take_out_of_order(FairFlow& flow) {
  (flow.earlier == nullptr ? first_ : flow.earlier->later) = flow.later;
  (flow.later == nullptr ? last_ : flow.later->earlier) = flow.earlier;
}

// Never that of the one who was called: it may be put back.
void FairQueue::forget_one_idle() {
  FairFlow* flow = idle_.first();
  if (called_ != nullptr && flow == called_->flow) flow = idle_.after(*flow);
  if (flow != nullptr) flows_.destroy(*flow);
}

// The same differences, from zero on.
void FairQueue::rebase() {
  const std::uint64_t past = std::exchange(virtual_time_, 0);
  for (FairFlow* each = first_; each != nullptr; each = each->later)
    each->start -= std::min(each->start, past);
  for (FairFlow* each = idle_.first(); each != nullptr; each = idle_.after(*each))
    each->start -= std::min(each->start, past);
}

}  // namespace headrace::policy
