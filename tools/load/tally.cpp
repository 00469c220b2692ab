#include "tools/load/tally.h"

namespace headrace::tools::load {
namespace {

constexpr std::array<std::string_view, kFailureCount> kNames{
    "connect",      "tls",        "reset",      "closed early",      "timed out", "malformed",
    "stream error", "status 4xx", "status 5xx", "unexpected status", "not sent"};

}  // namespace

std::string_view failure_name(Failure failure) {
  return kNames[static_cast<std::size_t>(failure)];
}

std::uint64_t Tally::failed() const {
  std::uint64_t sum = 0;
  for (const core::Counter& counter : failures)
    sum += counter.value();
  return sum;
}

void Tally::merge(const Tally& other) {
  const auto add = [](core::Counter& sum, const core::Counter& part) { sum.add(part.value()); };
  add(started, other.started);
  add(completed, other.completed);
  add(succeeded, other.succeeded);
  for (std::size_t i = 0; i < kFailureCount; ++i)
    add(failures[i], other.failures[i]);
  add(unfinished, other.unfinished);
  add(connections_opened, other.connections_opened);
  add(tls_resumed, other.tls_resumed);
  add(bytes_received, other.bytes_received);
  add(events, other.events);
  add(token_events, other.token_events);
  latency.merge(other.latency);
  service.merge(other.service);
  first_byte.merge(other.first_byte);
  first_token.merge(other.first_token);
  gap.merge(other.gap);
  event_delay.merge(other.event_delay);
  lag.merge(other.lag);
  connect.merge(other.connect);
  stream_rate.merge(other.stream_rate);
}

}  // namespace headrace::tools::load
