// What was measured: of one target, one step of the schedule and one thread, or sums of these.
//
// Threads: written by one thread, read by any meanwhile (progress); merged after the threads ended.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/counters.h"
#include "core/histogram.h"

namespace headrace::tools::load {

enum class Failure : std::uint8_t {
  connect,       // no connection could be made
  tls,           // no TLS session
  reset,         // reset or broken while the answer was awaited
  closed_early,  // ended before the answer was complete
  timed_out,
  malformed,     // not HTTP
  stream_error,  // an error event within a stream
  status_4xx,
  status_5xx,
  unexpected_status,  // below 400, where another one was expected
  not_sent,           // open loop: too many were waiting
  count,
};
inline constexpr std::size_t kFailureCount = static_cast<std::size_t>(Failure::count);
std::string_view failure_name(Failure failure);

struct Tally {
  core::Counter started;
  core::Counter completed;  // with an answer of whatever status, or a failure
  core::Counter succeeded;
  std::array<core::Counter, kFailureCount> failures;
  core::Counter unfinished;  // cut by the end of the run: neither success nor failure
  core::Counter connections_opened;
  core::Counter tls_resumed;
  core::Counter bytes_received;
  core::Counter events;
  core::Counter token_events;
  // Nanoseconds.
  core::Histogram latency;      // from the intended start to the last byte
  core::Histogram service;      // from the true start
  core::Histogram first_byte;   // from the intended start to the answer's first byte
  core::Histogram first_token;  // streams: to the first event that carries tokens
  core::Histogram gap;          // streams: between events that carry tokens
  core::Histogram event_delay;  // streams: from when a mock sent an event, where it says so
  core::Histogram lag;          // open loop: how late the generator itself started a request
  core::Histogram connect;      // TCP and TLS handshake
  core::Histogram stream_rate;  // tokens per second of a whole stream, times 1000

  void fail(Failure failure) {
    completed.add();
    failures[static_cast<std::size_t>(failure)].add();
  }
  [[nodiscard]] std::uint64_t failed() const;
  void merge(const Tally& other);
};

}  // namespace headrace::tools::load
