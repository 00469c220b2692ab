#include "policy/quota/reservation.h"

#include <algorithm>
#include <limits>

#include "policy/price/cost.h"

namespace headrace::policy {
namespace {

using config::LimitAction;
using config::LimitMeasure;

constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();

// How much output a limit pays for beside the input; below 0: not even that.
std::int64_t output_within(LimitMeasure measure, std::int64_t left,
                           const ReserveQuestion& question) {
  switch (measure) {
    case LimitMeasure::input_tokens:
      return left >= question.input ? kUnlimited : -1;
    case LimitMeasure::output_tokens:
      return left;
    case LimitMeasure::tokens:
      return left - question.input;
    case LimitMeasure::micro_usd:
      return output_paid_by(core::MicroUsd{left}, core::Tokens{question.input}, question.rates)
          .count();
    case LimitMeasure::requests:
    case LimitMeasure::concurrent:
      break;
  }
  return kUnlimited;
}

std::int64_t times(std::int64_t tokens, std::int64_t answers) {
  return tokens > core::kCreditMax / answers ? core::kCreditMax : tokens * answers;
}

Consumption bounded(std::int64_t input, std::int64_t output, const PriceRates& rates) {
  return {.input = input,
          .output = output,
          .micro_usd = cost_bound(core::Tokens{input}, core::Tokens{output}, rates).count()};
}

}  // namespace

std::int64_t Consumption::of(LimitMeasure measure) const {
  switch (measure) {
    case LimitMeasure::input_tokens:
      return input;
    case LimitMeasure::output_tokens:
      return output;
    case LimitMeasure::tokens:
      return input + output;
    case LimitMeasure::micro_usd:
      return micro_usd;
    case LimitMeasure::requests:
    case LimitMeasure::concurrent:
      break;
  }
  return 0;
}

Reservation plan_reservation(const LimitChain& chain, std::span<const std::int64_t> left,
                             const ReserveQuestion& question) {
  Reservation reservation;
  const std::int64_t answers = std::max<std::int64_t>(question.answers, 1);
  std::int64_t affordable = kUnlimited;
  bool hard = false;  // the output, too
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const LimitMeasure measure = chain[i].rule->measure;
    const bool counted = measure == LimitMeasure::requests || measure == LimitMeasure::concurrent;
    if (counted || chain[i].rule->action == LimitAction::soft) continue;
    hard |= measure != LimitMeasure::input_tokens;
    const std::int64_t paid = output_within(measure, left[i], question);
    if (paid >= affordable) continue;
    affordable = paid;
    reservation.capped_by = i;
  }
  if (hard && question.has_output) {
    const std::int64_t wanted = question.output_cap.value_or(question.output_default);
    // Where not even the least is left, that is asked for: the limit says when it will be there.
    const std::int64_t of_use = question.output_least <= wanted
                                    ? std::max(question.output_least, kOutputTokensMin)
                                    : kOutputTokensMin;
    const std::int64_t least = std::min(wanted, of_use);
    const std::int64_t cap = std::max(std::min(wanted, affordable / answers), least);
    reservation.output_cap = cap;
    reservation.write_cap = !question.output_cap || cap < *question.output_cap;
    reservation.output = times(cap, answers);
    if (affordable / answers >= wanted) reservation.capped_by.reset();
  }
  const std::int64_t one = question.output_cap
                               ? std::min(*question.output_cap, question.output_soft)
                               : question.output_soft;
  const std::int64_t output_soft = !question.has_output ? 0
                                   : reservation.output_cap
                                       ? std::min(reservation.output, times(one, answers))
                                       : times(one, answers);
  const Consumption all = bounded(question.input, reservation.output, question.rates);
  const Consumption likely = bounded(question.input_soft, output_soft, question.rates);
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const config::LimitRule& rule = *chain[i].rule;
    reservation.amounts[i] = (rule.action == LimitAction::soft ? likely : all).of(rule.measure);
  }
  return reservation;
}

std::optional<BorneOutput> output_still_borne(const Taken& held, const LimitChain& chain,
                                              std::span<const std::int64_t> debts,
                                              const ReserveQuestion& question) {
  std::optional<BorneOutput> least;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (chain[i].rule->action == LimitAction::soft || debts[i] <= 0) continue;
    for (std::size_t demand = 0; demand < held.permit.size(); ++demand) {
      if (held.permit.identity(demand) != chain[i].terms.identity) continue;
      const std::int64_t left = std::max<std::int64_t>(held.permit.reserved(demand) - debts[i], 0);
      const std::int64_t paid =
          std::max<std::int64_t>(output_within(chain[i].rule->measure, left, question), 0);
      if (!least || paid < least->output) least = {.output = paid, .decided = i};
    }
  }
  return least;
}

bool limits_money_hard(const LimitChain& chain) {
  return std::ranges::any_of(chain.limits(), [](const ChainedLimit& limit) {
    return limit.rule->measure == LimitMeasure::micro_usd &&
           limit.rule->action == LimitAction::hard;
  });
}

}  // namespace headrace::policy
