// How an attempt at a provider ended, and what follows from it: may the request be sent again,
// whose fault was it, may it have cost something, and what else is to be done. One row a kind.
//
// The client's own faults (4xx) never count against anybody.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
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
  beaten,    // by another call for the same request (hedge.h)
  shutdown,  // the gateway's process ended
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
  // Once the provider has the whole request: it may charge for it, although nobody hears an answer.
  bool may_cost;
};

[[nodiscard]] const AttemptRow& row(AttemptEnd end);

// What an answer's status means; what its body says can only make it worse (`account_spent`).
[[nodiscard]] AttemptEnd end_of_status(std::uint16_t status);

// One entry of a request's record.
struct Attempt {
  std::uint64_t cost_micro_usd = 0;  // estimated, where it may have been charged all the same
  std::uint32_t input_tokens = 0;    // the same
  std::uint32_t duration_ms = 0;
  std::uint16_t provider = 0;
  std::uint16_t status = 0;  // 0: no answer
  std::uint8_t key = 0;      // of the provider
  AttemptEnd end = AttemptEnd::answered;
};
inline constexpr std::size_t kAttemptsMax = 4;  // of one request

// Who pays for attempts that may have cost something although the client has their answer from
// another one: those that timed out before it, or were beaten by it.
enum class LostAttempts : std::uint8_t {
  absorbed,  // by the operator: entered in the record, and charged to nobody
  charged,   // to whoever asked, in money and in tokens
};
inline constexpr LostAttempts kLastLostAttempts = LostAttempts::charged;

// What they come to: all attempts of a request but the one at `heard`.
struct LostCost {
  std::int64_t micro_usd = 0;
  std::int64_t input_tokens = 0;

  [[nodiscard]] bool any() const { return micro_usd != 0 || input_tokens != 0; }
};
[[nodiscard]] LostCost cost_of_lost(std::span<const Attempt> attempts, std::size_t heard);

}  // namespace headrace::policy
