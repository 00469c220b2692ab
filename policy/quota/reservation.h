// How much of tokens and money a request reserves, and the output cap that makes it enough.
//
// Under a hard limit an upper bound is reserved: the prompt's bound, and as much output as the
// request may produce. Where the client set no cap, or one that what is left cannot pay, a lower
// one is to be written into the request. Soft limits reserve what 95 % of requests stay under.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/limits/limit_reading.h"
#include "policy/price/price_rates.h"
#include "policy/quota/take.h"

namespace headrace::policy {

// An answer shorter than this is of use to nobody (and some providers take no smaller cap).
inline constexpr std::int64_t kOutputTokensMin = 16;

struct ReserveQuestion {
  std::int64_t input = 0;  // upper bound
  std::int64_t input_soft = 0;
  bool has_output = true;                  // embeddings have none
  std::optional<std::int64_t> output_cap;  // the client's
  std::int64_t output_least = 0;           // a cap below it is refused by the provider
  std::int64_t answers = 1;                // produced and billed
  std::int64_t output_default = 4096;      // of one answer, where nobody set a cap
  std::int64_t output_soft = 1024;         // of one answer, learned
  PriceRates rates;                        // the dearest that may be asked
};

struct Reservation {
  // Where a hard limit holds: the most that one answer may be long.
  std::optional<std::int64_t> output_cap;
  bool write_cap = false;  // the client's is another, or there is none
  // The limit of the chain that pays for no more; nothing: the request asks for no more.
  std::optional<std::size_t> capped_by;
  std::int64_t output = 0;  // reserved under hard limits, for all answers
  ChainAmounts amounts{};
};

// `left`: what each limit of the chain has now; of soft ones it is not looked at.
[[nodiscard]] Reservation plan_reservation(const LimitChain& chain,
                                           std::span<const std::int64_t> left,
                                           const ReserveQuestion& question);

// Where limits are lower than what was reserved of them: how much output of it they still bear.
// `debts`: of each limit of the chain as it is now, what is spent beyond it. Nothing: they bear
// all.
struct BorneOutput {
  std::int64_t output = 0;
  std::size_t decided = 0;  // the limit of the chain
};
[[nodiscard]] std::optional<BorneOutput> output_still_borne(const Taken& held,
                                                            const LimitChain& chain,
                                                            std::span<const std::int64_t> debts,
                                                            const ReserveQuestion& question);

// What so much input and output, or so much money, is of one measure.
struct Consumption {
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::int64_t micro_usd = 0;

  [[nodiscard]] std::int64_t of(config::LimitMeasure measure) const;
};

// Whether money is limited hard: then its cost must have a bound.
[[nodiscard]] bool limits_money_hard(const LimitChain& chain);

}  // namespace headrace::policy
