#include "policy/resilience/attempt.h"

namespace headrace::policy {
namespace {

using enum AttemptEnd;
using Bench = BenchReason;

constexpr AttemptRow kRows[] = {
    // end, name, retry, proves, blame, bench, may_cost
    {answered, "answered", false, true, Blame::nobody, Bench::none, false},
    {refused, "refused", false, true, Blame::nobody, Bench::none, false},
    {busy, "busy", true, true, Blame::nobody, Bench::none, false},
    {key_refused, "key_refused", true, true, Blame::key, Bench::refused, false},
    {account_spent, "account_spent", true, true, Blame::key, Bench::spent, false},
    {rate_limited, "rate_limited", true, true, Blame::key, Bench::rate_limited, false},
    {overloaded, "overloaded", true, false, Blame::model, Bench::none, false},
    {server_error, "server_error", true, false, Blame::model, Bench::none, false},
    {no_address, "no_address", true, false, Blame::provider, Bench::none, false},
    {connect_failed, "connect_failed", true, false, Blame::provider, Bench::none, false},
    {connect_timeout, "connect_timeout", true, false, Blame::provider, Bench::none, false},
    {closed_early, "closed_early", true, false, Blame::provider, Bench::none, false},
    {first_byte_timeout, "first_byte_timeout", true, false, Blame::model, Bench::none, true},
    {gap_timeout, "gap_timeout", false, false, Blame::model, Bench::none, false},
    {total_timeout, "total_timeout", false, false, Blame::model, Bench::none, true},
    {invalid_answer, "invalid_answer", true, false, Blame::provider, Bench::none, false},
    {truncated, "truncated", false, false, Blame::model, Bench::none, false},
    {stream_error, "stream_error", false, false, Blame::model, Bench::none, false},
    {gateway_short, "gateway_short", true, false, Blame::nobody, Bench::none, false},
    {client_left, "client_left", false, false, Blame::nobody, Bench::none, false},
    {beaten, "beaten", false, false, Blame::nobody, Bench::none, true},
    {shutdown, "shutdown", false, false, Blame::nobody, Bench::none, false},
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

LostCost cost_of_lost(std::span<const Attempt> attempts, std::size_t heard) {
  LostCost lost;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (i == heard) continue;
    lost.micro_usd += static_cast<std::int64_t>(attempts[i].cost_micro_usd);
    lost.input_tokens += attempts[i].input_tokens;
  }
  return lost;
}

}  // namespace headrace::policy
