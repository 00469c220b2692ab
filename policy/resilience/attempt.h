// How an attempt at a provider ended, and what follows from it: may the request be sent again,
// whose fault was it, and what else is to be done. One row a kind.
//
// The client's own faults (4xx) never count against anybody.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/resilience/headroom.h"

namespace headrace::policy {

enum class AttemptEnd : std::uint8_t {
  answered,         // 1xx to 3xx and whole, or still under way
  refused,          // 4xx: the client's fault
  busy,             // 408, 409, 425: comes out differently when asked again, nobody's fault
  key_refused,      // 401, 403: the gateway's own credential
  account_spent,    // 402, or 429 that says so
  rate_limited,     // 429
  overloaded,       // 503, 529
  server_error,     // 5xx
  no_address,       // its name is not known
  connect_failed,   // refused, unreachable, TLS failed
  connect_timeout,  //
  closed_early,     // before a byte of the answer
  first_byte_timeout,
  gap_timeout,
  total_timeout,
  invalid_answer,  // not HTTP
  truncated,       // within the answer
  stream_error,    // an error inside a stream that began well
  gateway_short,   // memory, descriptors or connections of ours
  client_left,
  count,
};
inline constexpr std::size_t kAttemptEnds = static_cast<std::size_t>(AttemptEnd::count);

enum class Blame : std::uint8_t {
  nobody,
  key,       // benched, with the reason that stands beside it
  model,     // its breaker, or the provider's where it has none of its own
  provider,  // its breaker
};

struct AttemptRow {
  AttemptEnd end;
  std::string_view name;
  bool retry;   // may be sent again
  bool proves;  // the provider works: a success for its breaker
  Blame blame;
  BenchReason bench;
};

[[nodiscard]] const AttemptRow& row(AttemptEnd end);

// What an answer's status means; what its body says can only make it worse (`account_spent`).
[[nodiscard]] AttemptEnd end_of_status(std::uint16_t status);

// One entry of a request's record.
struct Attempt {
  std::uint64_t cost_micro_usd = 0;  // estimated, where it may have been charged all the same
  std::uint32_t duration_ms = 0;
  std::uint16_t provider = 0;
  std::uint16_t status = 0;  // 0: no answer
  std::uint8_t key = 0;      // of the provider
  AttemptEnd end = AttemptEnd::answered;
};
inline constexpr std::size_t kAttemptsMax = 4;  // of one request

}  // namespace headrace::policy
