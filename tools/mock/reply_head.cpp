#include "tools/mock/reply_head.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

#include "net/http/status.h"
#include "tools/mock/put.h"

namespace headrace::tools::mock {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

core::WallTime later(core::WallTime now, double seconds) {
  return {now.unix_nanos + static_cast<std::int64_t>(seconds * 1e9)};
}

// Go's way of writing durations, which OpenAI uses: "12ms", "1.5s", "6m0s".
void put_go_duration(std::string& out, double seconds) {
  const auto millis = static_cast<std::uint64_t>(std::llround(seconds * 1000));
  if (millis < 1000) {
    put(out, millis, "ms");
    return;
  }
  if (millis >= 60'000) put(out, millis / 60'000, 'm');
  put(out, millis % 60'000 / 1000);
  if (const auto rest = millis % 1000; rest != 0) {
    put(out, '.', rest / 100, rest / 10 % 10, rest % 10);
  }
  put(out, 's');
}

struct Limit {
  std::string_view name;
  std::uint64_t limit;
};
constexpr std::array<Limit, 2> kOpenaiLimits{{{"requests", 10'000}, {"tokens", 2'000'000}}};
constexpr std::array<Limit, 4> kAnthropicLimits{{{"requests", 4'000},
                                                 {"tokens", 2'400'000},
                                                 {"input-tokens", 2'000'000},
                                                 {"output-tokens", 400'000}}};

void put_rate_headers(std::string& out, const RequestInfo& info, HeadClock& clock) {
  const Behaviour& behaviour = *info.behaviour;
  const bool spent = behaviour.rate_headers == RateHeaders::spent;
  const double reset_seconds = behaviour.retry_after_seconds > 0 ? behaviour.retry_after_seconds
                               : spent                           ? 60
                                                                 : 0.006;
  const auto left = [spent](const Limit& limit) { return spent ? 0 : limit.limit - 1; };
  if (info.route.dialect == Dialect::openai) {
    for (const Limit& limit : kOpenaiLimits) {
      put(out, "x-ratelimit-limit-", limit.name, ": ", limit.limit, "\r\nx-ratelimit-remaining-",
          limit.name, ": ", left(limit), "\r\nx-ratelimit-reset-", limit.name, ": ");
      put_go_duration(out, reset_seconds);
      put(out, "\r\n");
    }
  } else if (info.route.dialect == Dialect::anthropic) {
    const std::string reset = clock.rfc3339_after(reset_seconds);
    for (const Limit& limit : kAnthropicLimits) {
      put(out, "anthropic-ratelimit-", limit.name, "-limit: ", limit.limit,
          "\r\nanthropic-ratelimit-", limit.name, "-remaining: ", left(limit),
          "\r\nanthropic-ratelimit-", limit.name, "-reset: ", reset, "\r\n");
    }
  }  // Gemini tells no limits.
}

void put_retry_after(std::string& out, const Behaviour& behaviour, HeadClock& clock) {
  const double seconds = behaviour.retry_after_seconds;
  switch (behaviour.retry_after_form) {
    case RetryAfterForm::none:
      break;
    case RetryAfterForm::seconds:
      put(out, "retry-after: ");
      if (seconds == std::floor(seconds)) {
        put(out, static_cast<std::uint64_t>(seconds));
      } else {
        std::array<char, 32> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), seconds).ptr;
        put(out, std::string_view(digits.data(), end));
      }
      put(out, "\r\n");
      break;
    case RetryAfterForm::date:
      put(out, "retry-after: ", clock.date_after(seconds), "\r\n");
      break;
    case RetryAfterForm::millis:
      put(out, "retry-after-ms: ", std::llround(seconds * 1000), "\r\n");
      break;
    case RetryAfterForm::text:
      put(out, "retry-after: ", behaviour.retry_after_text, "\r\n");
      break;
  }
}

void put_dialect_fields(std::string& out, Dialect dialect, std::uint64_t id) {
  switch (dialect) {
    case Dialect::openai:
      put(out, "x-request-id: req_", Hex{id},
          "\r\nopenai-organization: headrace-mock\r\nopenai-processing-ms: 1\r\n",
          "openai-version: 2020-10-01\r\n");
      break;
    case Dialect::anthropic:
      put(out, "request-id: req_", Hex{id}, "\r\nanthropic-organization-id: headrace-mock\r\n");
      break;
    case Dialect::gemini:
      put(out, "server-timing: gfet4t7; dur=1\r\n");
      break;
  }
}

}  // namespace

std::string_view HeadClock::date_after(double seconds) {
  return later_.at(later(now_, seconds));
}

std::string HeadClock::rfc3339_after(double seconds) const {
  const auto when = static_cast<std::time_t>(later(now_, seconds).unix_nanos / kNanosPerSecond);
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

void put_reply_head(std::string& out, const ReplyHead& head, const RequestInfo& info,
                    HeadClock& clock) {
  const Behaviour& behaviour = *info.behaviour;
  put(out, behaviour.http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ", head.status, ' ',
      net::http::reason_phrase(static_cast<std::uint16_t>(head.status)), "\r\nDate: ", clock.date(),
      "\r\nContent-Type: ",
      behaviour.content_type.empty() ? head.content_type : std::string_view(behaviour.content_type),
      "\r\n");
  put_dialect_fields(out, info.route.dialect, head.id);
  if (behaviour.rate_headers != RateHeaders::off) put_rate_headers(out, info, clock);
  if (head.status >= 400) put_retry_after(out, behaviour, clock);
  out.append(behaviour.headers);
  if (head.body_end == BodyEnd::length) put(out, "Content-Length: ", head.content_length, "\r\n");
  if (head.body_end == BodyEnd::chunked) put(out, "Transfer-Encoding: chunked\r\n");
  if (!head.keep_alive && !behaviour.http_1_0) put(out, "Connection: close\r\n");
  if (head.keep_alive && (behaviour.http_1_0 || info.http_1_0)) {
    put(out, "Connection: keep-alive\r\n");
  }
  put(out, "\r\n");
}

void put_interim_head(std::string& out, int status) {
  put(out, "HTTP/1.1 ", status, ' ', net::http::reason_phrase(static_cast<std::uint16_t>(status)),
      "\r\n");
  if (status == 103) put(out, "Link: </style.css>; rel=preload\r\n");
  put(out, "\r\n");
}

}  // namespace headrace::tools::mock
