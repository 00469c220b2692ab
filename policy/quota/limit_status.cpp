#include "policy/quota/limit_status.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "core/check.h"

namespace headrace::policy {
namespace {

using config::LimitMeasure;
using config::LimitPeriod;

// Writes lines into fixed memory.
class Lines {
 public:
  explicit Lines(std::span<char> out) : out_(out) {}

  template <class... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    const auto end = fmt::format_to_n(out_.data() + size_, out_.size() - size_, format,
                                      std::forward<Arguments>(arguments)...);
    size_ += end.size;
    HEADRACE_CHECK(size_ + 2 <= out_.size(), "the fields are of bounded size");
    out_[size_++] = '\r';
    out_[size_++] = '\n';
  }
  [[nodiscard]] std::string_view text() const { return {out_.data(), size_}; }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
};

std::int64_t milliseconds_to_full(const LimitStatus& status) {
  return std::chrono::ceil<std::chrono::milliseconds>(status.reading.full_after).count();
}

// Rounded up: who comes back after that is not too early.
std::int64_t seconds_to_full(const LimitStatus& status) {
  return std::chrono::ceil<std::chrono::seconds>(status.reading.full_after).count();
}

// As OpenAI writes durations: "12ms", "1m30s", "6h0m0s".
struct GoDuration {
  std::array<char, 32> room;
  std::size_t size = 0;

  explicit GoDuration(std::int64_t milliseconds) {
    const std::int64_t seconds = milliseconds / 1000;
    const auto put = [&]<class... A>(fmt::format_string<A...> format, A&&... arguments) {
      size = static_cast<std::size_t>(
          fmt::format_to_n(room.data(), room.size(), format, std::forward<A>(arguments)...).size);
    };
    if (milliseconds < 1000) {
      put("{}ms", milliseconds);
    } else if (seconds < 60) {
      put("{}s", (milliseconds + 999) / 1000);
    } else if (seconds < 3600) {
      put("{}m{}s", seconds / 60, seconds % 60);
    } else {
      put("{}h{}m{}s", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
  }
  [[nodiscard]] std::string_view text() const { return {room.data(), size}; }
};

// RFC 3339, in UTC.
struct Moment {
  std::array<char, 32> room;
  std::size_t size = 0;

  Moment(core::WallTime now, std::int64_t seconds_on) {
    constexpr std::int64_t kNanos = 1'000'000'000;
    constexpr std::int64_t kYear9999 = 253'402'300'799;
    const std::int64_t at = std::min(now.unix_nanos / kNanos + seconds_on, kYear9999);
    const std::chrono::sys_seconds moment{std::chrono::seconds(at)};
    const auto day = std::chrono::floor<std::chrono::days>(moment);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(moment - day);
    size = static_cast<std::size_t>(
        fmt::format_to_n(room.data(), room.size(), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
                         static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                         static_cast<unsigned>(date.day()), time.hours().count(),
                         time.minutes().count(), time.seconds().count())
            .size);
  }
  [[nodiscard]] std::string_view text() const { return {room.data(), size}; }
};

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

void write_own_fields(Lines& lines, const LimitStatus& nearest) {
  lines.line("X-RateLimit-Limit: {}", nearest.reading.limit);
  lines.line("X-RateLimit-Remaining: {}", nearest.reading.remaining);
  lines.line("X-RateLimit-Reset: {}", seconds_to_full(nearest));
}

// draft-ietf-httpapi-ratelimit-headers-10: a list of policies, and how much is left of each.
void write_ietf_fields(Lines& lines, const NearestLimits& nearest,
                       const config::ConfigView& config) {
  std::array<char, 256> policies;
  std::array<char, 256> left;
  std::size_t policy_bytes = 0;
  std::size_t left_bytes = 0;
  const auto append = [](std::span<char> room, std::size_t& used, std::string_view text) {
    std::copy(text.begin(), text.end(), room.begin() + static_cast<std::ptrdiff_t>(used));
    used += text.size();
  };
  for (const LimitStatus* status : {&nearest.requests, &nearest.tokens}) {
    if (!status->known()) continue;
    const std::string_view name = config.text(status->rule->name);
    std::array<char, 128> one;
    const std::int64_t window = window_seconds(status->rule->period);
    const std::string_view separator = policy_bytes == 0 ? "" : ", ";
    auto end = window == 0 ? fmt::format_to_n(one.data(), one.size(), "{}\"{}\";q={}", separator,
                                              name, status->reading.limit)
                           : fmt::format_to_n(one.data(), one.size(), "{}\"{}\";q={};w={}",
                                              separator, name, status->reading.limit, window);
    append(policies, policy_bytes, {one.data(), std::min(end.size, one.size())});
    end = fmt::format_to_n(one.data(), one.size(), "{}\"{}\";r={};t={}", separator, name,
                           status->reading.remaining, seconds_to_full(*status));
    append(left, left_bytes, {one.data(), std::min(end.size, one.size())});
  }
  lines.line("RateLimit-Policy: {}", std::string_view(policies.data(), policy_bytes));
  lines.line("RateLimit: {}", std::string_view(left.data(), left_bytes));
}

void write_openai_fields(Lines& lines, const LimitStatus& status, std::string_view what) {
  if (!status.known()) return;
  lines.line("x-ratelimit-limit-{}: {}", what, status.reading.limit);
  lines.line("x-ratelimit-remaining-{}: {}", what, status.reading.remaining);
  lines.line("x-ratelimit-reset-{}: {}", what, GoDuration(milliseconds_to_full(status)).text());
}

void write_anthropic_fields(Lines& lines, const LimitStatus& status, std::string_view what,
                            core::WallTime now) {
  if (!status.known()) return;
  lines.line("anthropic-ratelimit-{}-limit: {}", what, status.reading.limit);
  lines.line("anthropic-ratelimit-{}-remaining: {}", what, status.reading.remaining);
  lines.line("anthropic-ratelimit-{}-reset: {}", what, Moment(now, seconds_to_full(status)).text());
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
  return std::ranges::equal(name, small, [](char c, char wanted) {
    return (c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c) == wanted;
  });
}

}  // namespace

void NearestLimits::consider(const ChainedLimit& limit, const core::LimitReading& reading) {
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
  if (nearer(reading, *nearest)) *nearest = {limit.rule, limit.scope, reading};
}

std::string_view write_rate_fields(const NearestLimits& nearest, Dialect dialect,
                                   const config::ConfigView& config, core::WallTime now,
                                   std::span<char> out) {
  Lines lines(out);
  if (!nearest.any()) return lines.text();
  write_own_fields(lines, nearest.requests.known() ? nearest.requests : nearest.tokens);
  write_ietf_fields(lines, nearest, config);
  if (dialect == Dialect::openai) {
    write_openai_fields(lines, nearest.requests, "requests");
    write_openai_fields(lines, nearest.tokens, "tokens");
  } else if (dialect == Dialect::anthropic) {
    write_anthropic_fields(lines, nearest.requests, "requests", now);
    write_anthropic_fields(lines, nearest.tokens, "tokens", now);
  }
  return lines.text();
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
