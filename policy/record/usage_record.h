// What the gateway keeps of one admitted request: who asked, whom it was sent to, what was used and
// what that cost. Written once, at its end (or by recovery, when the gateway ended before it).
//
// A value with views into memory of others: of the config and the exchange where it is made, of the
// encoded bytes where it was read (record_codec.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/units.h"
#include "policy/dialect/endpoint.h"
#include "policy/dialect/usage.h"
#include "policy/record/record_ending.h"
#include "policy/record/record_id.h"
#include "policy/resilience/attempt.h"  // kAttemptsMax

namespace headrace::policy {

// One call to a provider. What an earlier one may have cost is in `cost`, and told apart here.
struct RecordedAttempt {
  std::string_view provider;
  std::int64_t begun_nanos = 0;  // monotonic
  std::int64_t duration_nanos = 0;
  core::MicroUsd cost;
  std::uint16_t status = 0;  // 0: no answer
  std::uint8_t failure = 0;  // of net/upstream/upstream_failure.h; 0: none
};

struct UsageRecord {
  RecordId id;
  std::array<std::uint64_t, 2> trace{};  // of W3C traceparent; zero: none

  // Whose it is. Names, as the config had them then.
  std::string_view request_id;
  std::string_view organisation;
  std::string_view tenant;
  std::string_view project;
  std::string_view key;
  std::string_view user;
  std::string_view tags;  // name=value, separated by commas

  // What was asked, and of whom.
  std::string_view route;
  std::string_view provider;  // that answered, or was tried last
  std::string_view model;     // as asked for
  Dialect dialect = Dialect::openai;
  Endpoint endpoint = Endpoint::unknown;

  // Wall-clock time for people and calendars, monotonic time for durations.
  std::int64_t begun_unix_nanos = 0;
  std::int64_t ended_unix_nanos = 0;
  std::int64_t begun_nanos = 0;
  std::int64_t first_byte_nanos = 0;  // 0: there was none
  std::int64_t ended_nanos = 0;
  std::int64_t waited_nanos = 0;  // of these: for a target that had no room
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;

  std::uint16_t status = 0;  // that the client saw
  RecordEnding ending = RecordEnding::under_way;
  bool streamed = false;
  std::string_view limit;  // that decided, where one did

  Usage usage;
  RawUsage raw;
  std::string_view price;  // the version by which it was priced; empty: it has no price
  core::MicroUsd cost;
  core::MicroUsd cost_saved;  // by the cache
  core::MicroUsd reserved_money;
  core::Tokens reserved_tokens;

  std::array<RecordedAttempt, kAttemptsMax> attempts{};
  std::uint8_t attempt_count = 0;
};

}  // namespace headrace::policy
