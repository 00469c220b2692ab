// How fast a client must take its answer and send its body: the minimal rates, as deadlines.
#include <algorithm>
#include <utility>

#include "net/edge/downstream_connection.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

core::Duration time_for(std::uint64_t bytes, std::uint64_t bytes_per_second) {
  return nanoseconds(static_cast<std::int64_t>(bytes * 1'000'000'000 / bytes_per_second));
}

}  // namespace

void DownstreamConnection::expect_sent(std::size_t bytes) {
  if (bytes == 0) {
    deadline_.set(*shard_->timers, core::kNever);
    return;
  }
  const auto& http = shard_->config->http();
  if (http.send_bytes_per_second_min == 0) return;  // switched off
  deadline_.set(*shard_->timers, shard_->now() + milliseconds(http.rate_grace_ms) +
                                     time_for(bytes, http.send_bytes_per_second_min));
}

void DownstreamConnection::expect_body() {
  if (rate_period_left_ == core::Duration::zero()) {
    begin_rate_period();
    return;
  }
  awaiting_body_ = true;
  deadline_.set(*shard_->timers, shard_->now() + std::exchange(rate_period_left_, {}));
}

void DownstreamConnection::begin_rate_period() {
  awaiting_body_ = true;
  progress_bytes_ = 0;
  deadline_.set(*shard_->timers,
                shard_->now() + milliseconds(shard_->config->http().rate_grace_ms));
}

void DownstreamConnection::pause_body() {
  // Where an answer is on its way the deadline is its own: then the period begins anew.
  if (awaiting_body_ && !transport_.sending() && deadline_.at() != core::kNever) {
    rate_period_left_ = std::max(deadline_.at() - shard_->now(), core::Duration(1));
  }
  body_done();
}

void DownstreamConnection::body_done() {
  awaiting_body_ = false;
  // An answer may already be on its way: its own deadline stays.
  if (!transport_.sending()) deadline_.set(*shard_->timers, core::kNever);
}

void DownstreamConnection::judge_body_rate() {
  const auto& http = shard_->config->http();
  const std::uint64_t least = http.body_bytes_per_second_min * http.rate_grace_ms / 1000;
  if (progress_bytes_ < least) {
    awaiting_body_ = false;
    exchange_->on_downstream_too_slow();
    return;
  }
  begin_rate_period();
}

}  // namespace headrace::net
