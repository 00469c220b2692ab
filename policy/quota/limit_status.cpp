#include "policy/quota/limit_status.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <system_error>

#include "core/ascii.h"
#include "core/check.h"

namespace headrace::policy {
namespace {

using config::LimitMeasure;
using config::LimitPeriod;

// A number as text: the same stands in several fields.
class Digits {
 public:
  Digits() = default;
  explicit Digits(std::int64_t value)
      : bytes_(static_cast<std::uint8_t>(
            std::to_chars(text_.data(), text_.data() + text_.size(), value).ptr - text_.data())) {}

  [[nodiscard]] std::string_view text() const { return {text_.data(), bytes_}; }

 private:
  std::array<char, 20> text_;  // of any number
  std::uint8_t bytes_ = 0;
};

// Writes lines into fixed memory: every answer of a caller with limits carries them, so they are
// put together by hand.
class Lines {
 public:
  explicit Lines(std::span<char> out) : at_(out.data()), end_(out.data() + out.size()) {}

  Lines& text(std::string_view text) {
    HEADRACE_CHECK(text.size() <= room(), "the fields are of bounded size");
    at_ = std::copy(text.begin(), text.end(), at_);
    return *this;
  }
  Lines& number(std::int64_t value) {
    const auto [end, error] = std::to_chars(at_, end_, value);
    HEADRACE_CHECK(error == std::errc(), "the fields are of bounded size");
    at_ = end;
    return *this;
  }
  Lines& number(const Digits& digits) { return text(digits.text()); }
  Lines& two_digits(std::int64_t value) {
    const std::array<char, 2> digits = {static_cast<char>('0' + value / 10 % 10),
                                        static_cast<char>('0' + value % 10)};
    return text({digits.data(), digits.size()});
  }
  void end_line() { text("\r\n"); }
  [[nodiscard]] std::string_view since(const char* begin) const {
    return {begin, static_cast<std::size_t>(at_ - begin)};
  }

 private:
  [[nodiscard]] std::size_t room() const { return static_cast<std::size_t>(end_ - at_); }

  char* at_;
  char* end_;
};

std::int64_t milliseconds_to_full(const LimitStatus& status) {
  return std::chrono::ceil<std::chrono::milliseconds>(status.reading.full_after).count();
}

// Rounded up: who comes back after that is not too early.
std::int64_t seconds_to_full(const LimitStatus& status) {
  return std::chrono::ceil<std::chrono::seconds>(status.reading.full_after).count();
}

// As OpenAI writes durations: "12ms", "1m30s", "6h0m0s".
void write_go_duration(Lines& lines, std::int64_t milliseconds) {
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
void write_moment(Lines& lines, core::WallTime now, std::int64_t seconds_on) {
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

void write_own_fields(Lines& lines, const ToldLimit& nearest) {
  lines.text("X-RateLimit-Limit: ").number(nearest.limit);
  lines.text("\r\nX-RateLimit-Remaining: ").number(nearest.remaining);
  lines.text("\r\nX-RateLimit-Reset: ").number(nearest.seconds).end_line();
}

// draft-ietf-httpapi-ratelimit-headers-10: a list of policies, and how much is left of each.
void write_ietf_fields(Lines& lines, std::span<const ToldLimit> told,
                       const config::ConfigView& config) {
  std::string_view separator;
  lines.text("RateLimit-Policy: ");
  for (const ToldLimit& limit : told) {
    if (!limit.known()) continue;
    const config::LimitRule& rule = *limit.status->rule;
    lines.text(separator).text("\"").text(config.text(rule.name)).text("\";q=");
    lines.number(limit.limit);
    const std::int64_t window = window_seconds(rule.period);
    if (window != 0) lines.text(";w=").number(window);
    separator = ", ";
  }
  separator = {};
  lines.text("\r\nRateLimit: ");
  for (const ToldLimit& limit : told) {
    if (!limit.known()) continue;
    lines.text(separator).text("\"").text(config.text(limit.status->rule->name));
    lines.text("\";r=").number(limit.remaining).text(";t=").number(limit.seconds);
    separator = ", ";
  }
  lines.end_line();
}

void write_openai_fields(Lines& lines, const ToldLimit& limit, std::string_view what) {
  if (!limit.known()) return;
  lines.text("x-ratelimit-limit-").text(what).text(": ").number(limit.limit);
  lines.text("\r\nx-ratelimit-remaining-").text(what).text(": ").number(limit.remaining);
  lines.text("\r\nx-ratelimit-reset-").text(what).text(": ");
  write_go_duration(lines, milliseconds_to_full(*limit.status));
  lines.end_line();
}

void write_anthropic_fields(Lines& lines, const ToldLimit& limit, std::string_view what,
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

bool equal_small(std::string_view name, std::string_view small) {
  return std::ranges::equal(name, small,
                            [](char c, char wanted) { return core::to_lower(c) == wanted; });
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
  Lines lines(out);
  if (!nearest.any()) return lines.since(out.data());
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
  return lines.since(out.data());
}

bool tells_of_the_account(std::string_view field_name) {
  constexpr std::string_view kBeginnings[] = {"x-ratelimit-", "anthropic-ratelimit-", "ratelimit-"};
  constexpr std::string_view kNames[] = {"ratelimit", "openai-organization", "openai-project",
                                         "anthropic-organization-id"};
  const auto is_it = [&](std::string_view name) { return equal_small(field_name, name); };
  if (std::ranges::any_of(kNames, is_it)) return true;
  return std::ranges::any_of(kBeginnings, [&](std::string_view begin) {
    return field_name.size() > begin.size() &&
           equal_small(field_name.substr(0, begin.size()), begin);
  });
}

}  // namespace headrace::policy
