#include "policy/quota/limit_status.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "core/ascii.h"
#include "policy/quota/field_lines.h"

namespace headrace::policy {
namespace {

using config::LimitMeasure;
using config::LimitPeriod;

std::int64_t milliseconds_to_full(const LimitStatus& status) {
  return std::chrono::ceil<std::chrono::milliseconds>(status.reading.full_after).count();
}

// Rounded up: who comes back after that is not too early.
std::int64_t seconds_to_full(const LimitStatus& status) {
  return std::chrono::ceil<std::chrono::seconds>(status.reading.full_after).count();
}

// As OpenAI writes durations: "12ms", "1m30s", "6h0m0s".
void write_go_duration(FieldLines& lines, std::int64_t milliseconds) {
  const std::int64_t seconds = milliseconds / 1000;
  if (milliseconds < 1000) {
    lines.number(milliseconds).text("ms");
  } else if (seconds < 60) {
    lines.number((milliseconds + 999) / 1000).text("s");
  } else if (seconds < 3600) {
    lines.number(seconds / 60).text("m").number(seconds % 60).text("s");
  } else {
    lines.number(seconds / 3600).text("h").number(seconds / 60 % 60).text("m");
    lines.number(seconds % 60).text("s");
  }
}

// RFC 3339, in UTC.
void write_moment(FieldLines& lines, core::WallTime now, std::int64_t seconds_on) {
  constexpr std::int64_t kNanos = 1'000'000'000;
  constexpr std::int64_t kYear9999 = 253'402'300'799;
  const std::int64_t at = std::min(now.unix_nanos / kNanos + seconds_on, kYear9999);
  const std::chrono::sys_seconds moment{std::chrono::seconds(at)};
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(moment - day);
  const int year = static_cast<int>(date.year());
  lines.two_digits(year / 100).two_digits(year % 100);
  lines.text("-").two_digits(static_cast<unsigned>(date.month()));
  lines.text("-").two_digits(static_cast<unsigned>(date.day()));
  lines.text("T").two_digits(time.hours().count());
  lines.text(":").two_digits(time.minutes().count());
  lines.text(":").two_digits(time.seconds().count()).text("Z");
}

std::int64_t window_seconds(LimitPeriod period) {
  switch (period) {
    case LimitPeriod::second:
      return 1;
    case LimitPeriod::minute:
      return 60;
    case LimitPeriod::hour:
      return 3600;
    case LimitPeriod::day:
      return 86'400;
    case LimitPeriod::month:
    case LimitPeriod::total:
      break;
  }
  return 0;  // no length of its own
}

// A limit and what its fields say.
struct ToldLimit {
  ToldLimit() = default;
  explicit ToldLimit(const LimitStatus& told)
      : status(&told),
        limit(told.reading.limit),
        remaining(told.reading.remaining),
        seconds(seconds_to_full(told)) {}

  [[nodiscard]] bool known() const { return status != nullptr; }

  const LimitStatus* status = nullptr;
  Digits limit;
  Digits remaining;
  Digits seconds;  // until it is full again
};

void write_own_fields(FieldLines& lines, const ToldLimit& nearest) {
  lines.text("X-RateLimit-Limit: ").number(nearest.limit);
  lines.text("\r\nX-RateLimit-Remaining: ").number(nearest.remaining);
  lines.text("\r\nX-RateLimit-Reset: ").number(nearest.seconds).end_line();
}

// draft-ietf-httpapi-ratelimit-headers-10: a list of policies, and how much is left of each.
void write_ietf_fields(FieldLines& lines, std::span<const ToldLimit> told,
                       const config::ConfigView& config) {
  lines.text("RateLimit-Policy: ");
  bool first = true;
  for (const ToldLimit& limit : told) {
    if (!limit.known()) continue;
    if (!std::exchange(first, false)) lines.text(", ");
    const config::LimitRule& rule = *limit.status->rule;
    lines.text("\"").text(config.text(rule.name)).text("\";q=").number(limit.limit);
    const std::int64_t window = window_seconds(rule.period);
    if (window != 0) lines.text(";w=").number(window);
  }
  lines.text("\r\nRateLimit: ");
  first = true;
  for (const ToldLimit& limit : told) {
    if (!limit.known()) continue;
    if (!std::exchange(first, false)) lines.text(", ");
    lines.text("\"").text(config.text(limit.status->rule->name));
    lines.text("\";r=").number(limit.remaining).text(";t=").number(limit.seconds);
  }
  lines.end_line();
}

template <std::size_t kBytes>
void write_openai_fields(FieldLines& lines, const ToldLimit& limit, const char (&what)[kBytes]) {
  if (!limit.known()) return;
  lines.text("x-ratelimit-limit-").text(what).text(": ").number(limit.limit);
  lines.text("\r\nx-ratelimit-remaining-").text(what).text(": ").number(limit.remaining);
  lines.text("\r\nx-ratelimit-reset-").text(what).text(": ");
  write_go_duration(lines, milliseconds_to_full(*limit.status));
  lines.end_line();
}

template <std::size_t kBytes>
void write_anthropic_fields(FieldLines& lines, const ToldLimit& limit, const char (&what)[kBytes],
                            core::WallTime now) {
  if (!limit.known()) return;
  lines.text("anthropic-ratelimit-").text(what).text("-limit: ").number(limit.limit);
  lines.text("\r\nanthropic-ratelimit-").text(what).text("-remaining: ");
  lines.number(limit.remaining);
  lines.text("\r\nanthropic-ratelimit-").text(what).text("-reset: ");
  write_moment(lines, now, seconds_to_full(*limit.status));
  lines.end_line();
}

bool nearer(const core::LimitReading& reading, const LimitStatus& than) {
  if (!than.known()) return true;
  // By the share that is left.
  const auto share = [](const core::LimitReading& of) {
    return of.limit <= 0 ? 0.0 : static_cast<double>(of.remaining) / static_cast<double>(of.limit);
  };
  return share(reading) < share(than.reading);
}

}  // namespace

void NearestLimits::consider(const ChainedLimit& limit, const core::LimitReading& reading,
                             std::int64_t reserved) {
  LimitStatus* nearest = nullptr;
  switch (limit.rule->measure) {
    case LimitMeasure::requests:
      nearest = &requests;
      break;
    case LimitMeasure::input_tokens:
    case LimitMeasure::output_tokens:
    case LimitMeasure::tokens:
      nearest = &tokens;
      break;
    case LimitMeasure::micro_usd:
    case LimitMeasure::concurrent:
      return;
  }
  core::LimitReading beside = reading;
  beside.remaining =
      std::clamp<std::int64_t>(reading.remaining - reading.debt + reserved, 0, reading.limit);
  if (nearer(beside, *nearest)) *nearest = {limit.rule, limit.scope, beside};
}

void NearestLimits::spend(const Consumption& used) {
  if (!tokens.known()) return;
  std::int64_t& remaining = tokens.reading.remaining;
  remaining = std::max<std::int64_t>(remaining - used.of(tokens.rule->measure), 0);
}

std::string_view write_rate_fields(const NearestLimits& nearest, Dialect dialect,
                                   const config::ConfigView& config, core::WallTime now,
                                   std::span<char> out) {
  FieldLines lines(out);
  if (!nearest.any()) return lines.written();
  std::array<ToldLimit, 2> told;
  auto& [requests, tokens] = told;
  if (nearest.requests.known()) requests = ToldLimit(nearest.requests);
  if (nearest.tokens.known()) tokens = ToldLimit(nearest.tokens);
  write_own_fields(lines, requests.known() ? requests : tokens);
  write_ietf_fields(lines, told, config);
  if (dialect == Dialect::openai) {
    write_openai_fields(lines, requests, "requests");
    write_openai_fields(lines, tokens, "tokens");
  } else if (dialect == Dialect::anthropic) {
    write_anthropic_fields(lines, requests, "requests", now);
    write_anthropic_fields(lines, tokens, "tokens", now);
  }
  return lines.written();
}

bool tells_of_the_account(std::string_view field_name) {
  constexpr std::string_view kBeginnings[] = {"x-ratelimit-", "anthropic-ratelimit-", "ratelimit-"};
  constexpr std::string_view kNames[] = {"ratelimit", "openai-organization", "openai-project",
                                         "anthropic-organization-id"};
  const auto is_it = [&](std::string_view name) {
    return core::equals_ignoring_case(field_name, name);
  };
  if (std::ranges::any_of(kNames, is_it)) return true;
  return std::ranges::any_of(kBeginnings, [&](std::string_view begin) {
    return field_name.size() > begin.size() &&
           core::equals_ignoring_case(field_name.substr(0, begin.size()), begin);
  });
}

}  // namespace headrace::policy
