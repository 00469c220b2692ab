#include "net/upstream/health_check.h"

#include <algorithm>
#include <cstring>
#include <span>

#include <fmt/format.h>

#include "core/event_log.h"
#include "net/http/head_limits.h"
#include "net/http/response_head.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_connection.h"
#include "net/upstream/upstream_pool.h"
#include "policy/resilience/health.h"

namespace headrace::net {

namespace config = policy::config;
using std::chrono::milliseconds;

HealthCheck::HealthCheck(ShardContext& shard, UpstreamPool& pool, core::TargetSlot& slot,
                         const config::ConfigView& view)
    : shard_(&shard), pool_(&pool), slot_(&slot), rules_(&view.resilience(*pool.provider().row)) {
  deadline_.bind<&HealthCheck::on_deadline>(this);
  const ProviderLink& provider = pool.provider();
  request_ = fmt::format(
      "{} {}{} HTTP/1.1\r\nHost: {}\r\nUser-Agent: headrace-health\r\nConnection: close\r\n\r\n",
      rules_->health_probe == config::HealthProbe::head ? "HEAD" : "GET", provider.path_prefix,
      view.text(rules_->health_path), provider.host_field);
}

HealthCheck::~HealthCheck() {
  deadline_.clear(*shard_->timers);
}

void HealthCheck::start() {
  rest();
}

void HealthCheck::stop() {
  leave();
  deadline_.clear(*shard_->timers);
  state_ = State::resting;
}

// Until the next check, a part of the time by chance.
void HealthCheck::rest() {
  state_ = State::resting;
  const std::uint64_t interval_ms = rules_->health.interval_ms;
  const std::uint64_t jitter_ms = interval_ms * rules_->health.jitter_percent / 100;
  const std::uint64_t pause_ms =
      interval_ms - jitter_ms / 2 + shard_->io->random() % (jitter_ms + 1);
  deadline_.set(*shard_->timers, shard_->now() + milliseconds(pause_ms));
}

void HealthCheck::on_deadline() {
  if (!deadline_.expired(*shard_->timers, shard_->now())) return;
  if (state_ != State::resting) {
    ended(false);
    return;
  }
  state_ = State::connecting;
  head_bytes_ = 0;
  scan_ = {};
  deadline_.set(*shard_->timers, shard_->now() + milliseconds(rules_->health.timeout_ms));
  pool_->acquire_fresh(*this);
}

void HealthCheck::on_upstream_ready(UpstreamConnection& connection) {
  connection_ = &connection;
  if (rules_->health_probe == config::HealthProbe::connect) {
    ended(true);
    return;
  }
  state_ = State::asking;
  connection_->transport().send(std::as_bytes(std::span(request_)));
}

void HealthCheck::on_upstream_failed(UpstreamFailure failure) {
  if (state_ == State::resting) return;
  // What we are short of ourselves says nothing of the provider.
  const bool ours = failure == UpstreamFailure::descriptors ||
                    failure == UpstreamFailure::pool_timeout ||
                    failure == UpstreamFailure::no_memory;
  ours ? rest() : ended(false);
}

void HealthCheck::on_upstream_received(core::BufferLease lease) {
  if (state_ != State::asking) return;
  const std::size_t bytes = std::min(lease.size(), head_.size() - head_bytes_);
  std::memcpy(head_.data() + head_bytes_, lease.data(), bytes);
  head_bytes_ += bytes;
  read_head();
}

void HealthCheck::read_head() {
  const auto parsed = http::parse_response_head(
      {head_.data(), head_bytes_},
      http::HeadLimits{.head_bytes_max = http::kHeadBytesMax,
                       .line_bytes_max = http::kHeadBytesMax,
                       .fields_max = http::kFieldsMax},
      rules_->health_probe == config::HealthProbe::head ? http::Method::head : http::Method::get,
      shard_->response_head, scan_);
  if (parsed.status == http::HeadStatus::incomplete && head_bytes_ < head_.size()) return;
  if (parsed.status != http::HeadStatus::complete) {
    ended(false);
    return;
  }
  const std::uint16_t status = shard_->response_head.status;
  const bool any = rules_->health_any_status == config::Switch::on;
  ended(status >= 200 && status < (any ? 500 : 400));
}

void HealthCheck::on_upstream_ended(PeerEnd) {
  if (state_ == State::asking) ended(false);
}

void HealthCheck::on_upstream_sent(bool all) {
  if (!all && state_ == State::asking) ended(false);
}

void HealthCheck::ended(bool passed) {
  leave();
  if (!passed) shard_->counters.add(ShardCount::health_checks_failed);
  if (policy::Health(slot_->health).note(rules_->health, passed, shard_->now())) {
    HEADRACE_EVENT(warning, "provider {} is {} by its health checks", pool_->provider().name,
                   passed ? "up again" : "down");
  }
  rest();
}

void HealthCheck::leave() {
  pool_->forget(*this);
  if (connection_ != nullptr) std::exchange(connection_, nullptr)->abandon(nullptr);
}

}  // namespace headrace::net
