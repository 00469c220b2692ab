// The order of an exchange's stages from guard to upstream, and how a request waits at one of them.
#include <utility>

#include "core/check.h"
#include "net/edge/downstream_connection.h"
#include "net/proxy/exchange.h"
#include "net/proxy/stage_delays.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

using policy::Stage;
using policy::Verdict;

namespace {

constexpr Stage next(Stage stage) {
  return static_cast<Stage>(static_cast<std::uint8_t>(stage) + 1);
}

}  // namespace

// Runs the stages from the current one on, until one has answered or waits, or the request is the
// upstream's. Whoever calls this says nothing afterwards: the request may be answered.
void Exchange::advance() {
  for (;; stage_ = next(stage_)) {
    if (shard_->stage_delays != nullptr && delay_stage()) return;
    if (is_left_out(stage_)) {
      decide(stage_, policy::Decided::left_out, config_->view().text(policy_set_->name));
      continue;
    }
    if (run_stage() != Verdict::go) return;
    decide_passed(stage_);
  }
}

// To send the request again.
void Exchange::go_back(Stage stage) {
  HEADRACE_CHECK(policy::may_follow(stage_, stage), "there is one way back");
  stage_ = stage;
}

Verdict Exchange::run_stage() {
  enter(stage_);
  switch (stage_) {
    case Stage::guard:
      return guard();
    case Stage::admit:
      return admit();
    case Stage::cache:
      return look_into_cache();
    case Stage::route:
      return route();
    case Stage::reserve:
      return reserve();
    case Stage::upstream:
      if (const Verdict verdict = account(); verdict != Verdict::go) return verdict;
      streams_up_ ? start_upload() : call_upstream();
      return Verdict::park;
    default:
      break;
  }
  HEADRACE_CHECK(false, "a stage that is not run in a row");
}

// By the policy set of the listener.
bool Exchange::is_left_out(Stage stage) const {
  using policy::config::SkippedStage;
  if (policy_set_ == nullptr || policy_set_->skipped_stages == 0) return false;
  SkippedStage bit{};
  if (stage == Stage::admit) bit = SkippedStage::admit;
  if (stage == Stage::cache) bit = SkippedStage::cache;
  if (stage == Stage::reserve) bit = SkippedStage::reserve;
  return (policy_set_->skipped_stages & std::to_underlying(bit)) != 0;
}

// The request waits at its stage, until resume(), or `until` at the latest: then the stage runs
// again and finds `park_expired_`.
Verdict Exchange::park(core::Instant until) {
  if (state_ != ExchangeState::parked) move_to(ExchangeState::parked);
  park_expired_ = false;
  deadline_.set(*shard_->timers, until);
  // To hear of it when the client leaves.
  if (body_complete_) {
    downstream_->read_ahead();
  } else {
    downstream_->transport().want_receive(ReceiveMode::one);
  }
  relieve_receive_buffers();
  return Verdict::park;
}

void Exchange::resume() {
  HEADRACE_CHECK(state_ == ExchangeState::parked, "only who is parked is woken");
  deadline_.set(*shard_->timers, core::kNever);
  advance();
}

// For the simulator: a request may wait at any stage, without a reason.
bool Exchange::delay_stage() {
  if (std::exchange(delayed_, false)) return false;
  const core::Duration delay = shard_->stage_delays->delay(stage_);
  if (delay == core::Duration::zero()) return false;
  delayed_ = true;
  park(shard_->now() + delay);
  return true;
}

}  // namespace headrace::net
