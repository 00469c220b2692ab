#include "policy/resilience/attempt.h"

namespace headrace::policy {
namespace {

using enum AttemptEnd;
using Bench = BenchReason;

constexpr AttemptRow kRows[] = {
    // end, name, retry, proves, blame, bench
    {answered, "answered", false, true, Blame::nobody, Bench::none},
    {refused, "refused", false, true, Blame::nobody, Bench::none},
    {busy, "busy", true, true, Blame::nobody, Bench::none},
    {key_refused, "key_refused", true, true, Blame::key, Bench::refused},
    {account_spent, "account_spent", true, true, Blame::key, Bench::spent},
    {rate_limited, "rate_limited", true, true, Blame::key, Bench::rate_limited},
    {overloaded, "overloaded", true, false, Blame::model, Bench::none},
    {server_error, "server_error", true, false, Blame::model, Bench::none},
    {no_address, "no_address", true, false, Blame::provider, Bench::none},
    {connect_failed, "connect_failed", true, false, Blame::provider, Bench::none},
    {connect_timeout, "connect_timeout", true, false, Blame::provider, Bench::none},
    {closed_early, "closed_early", true, false, Blame::provider, Bench::none},
    {first_byte_timeout, "first_byte_timeout", true, false, Blame::model, Bench::none},
    {gap_timeout, "gap_timeout", false, false, Blame::model, Bench::none},
    {total_timeout, "total_timeout", false, false, Blame::model, Bench::none},
    {invalid_answer, "invalid_answer", true, false, Blame::provider, Bench::none},
    {truncated, "truncated", false, false, Blame::model, Bench::none},
    {stream_error, "stream_error", false, false, Blame::model, Bench::none},
    {gateway_short, "gateway_short", true, false, Blame::nobody, Bench::none},
    {client_left, "client_left", false, false, Blame::nobody, Bench::none},
};
static_assert(std::size(kRows) == kAttemptEnds);
static_assert(
    [] {
      for (std::size_t i = 0; i < kAttemptEnds; ++i) {
        if (kRows[i].end != static_cast<AttemptEnd>(i)) return false;
      }
      return true;
    }(),
    "rows stand in the order of the ends");

}  // namespace

const AttemptRow& row(AttemptEnd end) {
  return kRows[static_cast<std::size_t>(end)];
}

AttemptEnd end_of_status(std::uint16_t status) {
  switch (status) {
    case 401:
    case 403:
      return key_refused;
    case 402:
      return account_spent;
    case 408:
    case 409:
    case 425:
      return busy;
    case 429:
      return rate_limited;
    case 503:
    case 529:
      return overloaded;
    default:
      if (status >= 500) return server_error;
      return status >= 400 ? refused : answered;
  }
}

}  // namespace headrace::policy
