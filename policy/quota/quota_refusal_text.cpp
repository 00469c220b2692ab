#include "policy/quota/quota_refusal_text.h"

#include <chrono>

namespace headrace::policy {
namespace {

using config::LimitMeasure;
using config::LimitOrigin;
using config::LimitPeriod;
using config::LimitRule;

MessageId window_of(LimitPeriod period) {
  switch (period) {
    case LimitPeriod::second:
      return MessageId::window_second;
    case LimitPeriod::minute:
      return MessageId::window_minute;
    case LimitPeriod::hour:
      return MessageId::window_hour;
    case LimitPeriod::day:
      return MessageId::window_day;
    case LimitPeriod::month:
      return MessageId::window_month;
    case LimitPeriod::total:
      break;
  }
  return MessageId::window_total;
}

Message limit_reached(const LimitRule& rule) {
  const MessageId window = window_of(rule.period);
  switch (rule.measure) {
    case LimitMeasure::requests:
      return {MessageId::limit_requests, rule.value, window};
    case LimitMeasure::input_tokens:
      return {MessageId::limit_input_tokens, rule.value, window};
    case LimitMeasure::output_tokens:
      return {MessageId::limit_output_tokens, rule.value, window};
    case LimitMeasure::tokens:
      return {MessageId::limit_tokens, rule.value, window};
    case LimitMeasure::micro_usd:
      return {MessageId::limit_money, rule.value, window};
    case LimitMeasure::concurrent:
      break;
  }
  return {MessageId::limit_concurrent, rule.value};
}

}  // namespace

Refusal refusal_of(const QuotaRefusal& refused, const config::ConfigView& config) {
  const LimitRule& rule = *refused.limit->rule;
  const std::string_view name = config.text(rule.name);
  const bool is_budget = rule.origin != LimitOrigin::limit;
  Refusal refusal{.reason = is_budget ? Reason::budget_exhausted : Reason::rate_limited,
                  .detail = limit_reached(rule),
                  .limit = name,
                  .scope = to_text(refused.limit->scope)};
  const bool unknown =
      refused.cause == core::RefusalCause::closed || refused.cause == core::RefusalCause::no_room;
  if (unknown) {
    // Not the client's fault.
    refusal.reason = Reason::overloaded;
    refusal.detail = {MessageId::budget_unknown, name};
    refusal.retry_after_ms = 1000;
    return refusal;
  }
  const bool beyond = refused.cause == core::RefusalCause::beyond_limit;
  if (rule.origin == LimitOrigin::credit) {
    refusal.detail = MessageId::credit_used_up;
  } else if (is_budget) {
    refusal.detail = {beyond ? MessageId::budget_too_small : MessageId::budget_used_up, name};
  } else if (beyond) {
    refusal.detail = {MessageId::request_above_limit, name};
  }
  if (!is_budget && refused.retry_after) {
    refusal.retry_after_ms =
        std::chrono::ceil<std::chrono::milliseconds>(*refused.retry_after).count();
  }
  // Whoever runs now will end at some time; nobody knows when.
  if (rule.measure == LimitMeasure::concurrent && !beyond) refusal.retry_after_ms = 1000;
  return refusal;
}

}  // namespace headrace::policy
