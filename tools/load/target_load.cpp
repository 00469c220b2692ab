#include "tools/load/target_load.h"

#include <algorithm>

namespace headrace::tools::load {
namespace {

// The warm-up runs at the first step's rate.
Schedule make_schedule(const LoadOptions& options, WorkerShare share) {
  std::vector<RateStep> steps = options.steps;
  steps.insert(steps.begin(), {steps.front().requests_per_second, options.warm_up});
  if (options.loop == Loop::closed) {
    for (RateStep& step : steps)
      step.requests_per_second = 1;  // not asked for
  }
  return {std::move(steps), options.arrivals, share.number, share.count, options.seed};
}

// This worker's part of `total`: the first workers take what is left over.
std::uint64_t part_of(std::uint64_t total, WorkerShare share) {
  return total / share.count + (share.number < total % share.count ? 1 : 0);
}

}  // namespace

TargetLoad::TargetLoad(core::Shard& shard, const LoadOptions& options, std::size_t target_number,
                       const RequestSource& source, WorkerShare share, std::uint32_t round,
                       std::span<Tally> tallies)
    : shard_(shard),
      options_(options),
      target_(options.targets[target_number]),
      source_(source),
      id_prefix_("x-request-id: load-" + std::to_string(options.seed) + "-" +
                 std::to_string(target_number) + "-" + std::to_string(round) + "-" +
                 std::to_string(share.number) + "-"),
      tallies_(tallies),
      tls_context_(options.tls[target_number]),
      schedule_(make_schedule(options, share)),
      requests_left_(part_of(options.requests_max, share)) {
  const std::uint64_t connections = std::max<std::uint64_t>(part_of(options.connections, share), 1);
  for (std::uint64_t i = 0; i < connections; ++i) {
    connections_.push_back(std::make_unique<LoadConnection>(*this));
  }
}

void TargetLoad::start() {
  begin_ = last_completion_ = now();
  measure_begin_ = begin_ + options_.warm_up;
  end_ = begin_ + schedule_.end();
  for (const auto& connection : connections_) {
    if (options_.loop == Loop::closed) {
      begin_again(*connection);
    } else {
      closed_.push_back(connection.get());
    }
  }
}

Channel::ClientTls TargetLoad::tls() {
  return {.context = tls_context_,
          .workspace = &tls_workspace_,
          .resumption = options_.tls_resume ? &resumption_ : nullptr};
}

void TargetLoad::put_request_id(std::string& head, std::uint64_t number) const {
  head.append(id_prefix_).append(std::to_string(number)).append("\r\n\r\n");
}

bool TargetLoad::take_number() {
  if (requests_left_ == 0) return false;
  --requests_left_;
  return true;
}

core::Instant TargetLoad::next_due() const {
  if (stage_ == Stage::ending) return core::kNever;
  if (stage_ == Stage::draining) return drain_end_;
  if (options_.loop == Loop::closed) return end_;
  return std::min(begin_ + schedule_.next(), end_);
}

void TargetLoad::launch_due() {
  while (begin_ + schedule_.next() <= now() && schedule_.next() < schedule_.end()) {
    if (!take_number()) return;
    launch({.intended = begin_ + schedule_.next(), .step = schedule_.step()});
    schedule_.advance();
  }
}

void TargetLoad::launch(Assignment assignment) {
  if (!waiting_.empty() || (idle_.empty() && closed_.empty())) {
    if (waiting_.size() < kWaitingMax) {
      assignment.waited = true;
      waiting_.push_back(assignment);
    } else {
      tally(assignment.step).started.add();
      tally(assignment.step).fail(Failure::not_sent);
    }
    return;
  }
  auto& from = idle_.empty() ? closed_ : idle_;
  LoadConnection* connection = from.back();
  from.pop_back();
  connection->begin(assignment);
}

void TargetLoad::begin_again(LoadConnection& connection) {
  if (now() >= end_ || !take_number()) return;
  connection.begin({.intended = now(), .step = now() < measure_begin_ ? 0U : 1U});
}

void TargetLoad::on_free(LoadConnection& connection, bool after_failure) {
  if (stage_ == Stage::ending || connection.is_pausing()) return;
  core::Duration pause = options_.loop == Loop::closed ? options_.think : core::Duration::zero();
  if (after_failure) pause = std::max(pause, kPauseAfterFailure);
  if (pause > core::Duration::zero()) {
    connection.pause_until(now() + pause);
  } else {
    on_ready(connection);
  }
}

void TargetLoad::on_ready(LoadConnection& connection) {
  if (options_.loop == Loop::closed) {
    if (stage_ == Stage::running) begin_again(connection);
    return;
  }
  if (!waiting_.empty()) {
    const Assignment next = waiting_.front();
    waiting_.pop_front();
    return connection.begin(next);
  }
  (connection.is_closed() ? closed_ : idle_).push_back(&connection);
}

void TargetLoad::on_idle_lost(LoadConnection& connection) {
  std::erase(idle_, &connection);
}

bool TargetLoad::counts_completion(core::Instant at) {
  if (options_.loop == Loop::closed && at > end_) return false;
  last_completion_ = at;
  return true;
}

core::Duration TargetLoad::measured() const {
  const bool cut_short = requests_left_ == 0 || stage_ == Stage::running;
  const core::Instant until = cut_short ? std::min(last_completion_, end_) : end_;
  return std::max(until - measure_begin_, core::Duration::zero());
}

void TargetLoad::stop() {
  if (stage_ != Stage::running) return;
  stage_ = Stage::draining;
  end_ = std::min(end_, now());
  drain_end_ = now() + (options_.loop == Loop::open ? options_.timeout : kDrain);
}

bool TargetLoad::on_turn() {
  if (stage_ == Stage::running) {
    if (options_.loop == Loop::open) launch_due();
    if (now() >= end_ || (requests_left_ == 0 && waiting_.empty() && all_quiet())) stop();
  }
  if (stage_ == Stage::draining && ((waiting_.empty() && all_quiet()) || now() >= drain_end_)) {
    give_up();
  }
  return stage_ == Stage::ending && all_closed();
}

// What is still under way is cut: in an open loop it has had its time and counts as a failure.
void TargetLoad::give_up() {
  stage_ = Stage::ending;
  for (const Assignment& assignment : waiting_) {
    tally(assignment.step).started.add();
    tally(assignment.step).fail(Failure::not_sent);
  }
  waiting_.clear();
  for (const auto& connection : connections_)
    connection->cut(options_.loop == Loop::open);
}

bool TargetLoad::all_quiet() const {
  return std::ranges::all_of(connections_, [](const auto& connection) {
    return connection->is_closed() || connection->is_idle();
  });
}

bool TargetLoad::all_closed() const {
  return std::ranges::all_of(connections_,
                             [](const auto& connection) { return connection->is_closed(); });
}

}  // namespace headrace::tools::load
