#include "tools/mock/behaviour.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tools/command_line/quantity_text.h"

namespace headrace::tools::mock {
namespace {

using Applied = std::expected<void, std::string>;

Applied wrong(std::string_view value, std::string_view expected) {
  return std::unexpected("\"" + std::string(value) + "\" is not " + std::string(expected));
}

template <auto Member>
Applied apply_count(Behaviour& behaviour, std::string_view value) {
  const auto number = parse_number(value);
  if (!number) return std::unexpected(number.error());
  if (*number != std::floor(*number)) return wrong(value, "a whole number");
  auto& member = behaviour.*Member;
  using Value = std::remove_reference_t<decltype(member)>;
  if constexpr (std::is_same_v<Value, std::optional<std::uint64_t>>) {
    member = static_cast<std::uint64_t>(*number);
  } else {
    if (*number > static_cast<double>(std::numeric_limits<Value>::max())) {
      return wrong(value, "small enough");
    }
    member = static_cast<Value>(*number);
  }
  return {};
}

template <auto Member>
Applied apply_share(Behaviour& behaviour, std::string_view value) {
  const auto number = parse_number(value);
  if (!number) return std::unexpected(number.error());
  if (*number > 1) return wrong(value, "between 0 and 1");
  behaviour.*Member = *number;
  return {};
}

template <auto Member>
Applied apply_wait(Behaviour& behaviour, std::string_view value) {
  const auto nanos = parse_time_nanos(value);
  if (!nanos) return std::unexpected(nanos.error());
  behaviour.*Member = *nanos;
  return {};
}

template <auto Member, QuantityKind Kind>
Applied apply_distribution(Behaviour& behaviour, std::string_view value) {
  const auto distribution = Distribution::parse(value, Kind);
  if (!distribution) return std::unexpected(distribution.error());
  behaviour.*Member = *distribution;
  return {};
}

template <auto Member>
Applied apply_flag(Behaviour& behaviour, std::string_view value) {
  const bool yes = value == "yes" || value == "on" || value == "true" || value == "1";
  const bool no = value == "no" || value == "off" || value == "false" || value == "0";
  if (!yes && !no) return wrong(value, "yes or no");
  behaviour.*Member = yes;
  return {};
}

template <auto Member>
Applied apply_error(Behaviour& behaviour, std::string_view value) {
  const auto kind = find_error(value);
  if (!kind)
    return wrong(value, "a kind of error (rate_limit, insufficient_quota, overloaded ...)");
  behaviour.*Member = kind;
  return {};
}

// One of several words, each standing for the enum's value at its place.
template <auto Member, class... Words>
Applied apply_word(Behaviour& behaviour, std::string_view value, Words... words) {
  const std::array<std::string_view, sizeof...(words)> list{words...};
  const auto found = std::ranges::find(list, value);
  if (found == list.end()) {
    std::string expected = "one of";
    for (const auto word : list)
      expected.append(" ").append(word);
    return wrong(value, expected);
  }
  using Value = std::remove_reference_t<decltype(behaviour.*Member)>;
  behaviour.*Member = static_cast<Value>(found - list.begin());
  return {};
}

Applied apply_status(Behaviour& behaviour, std::string_view value) {
  const auto number = parse_number(value);
  if (!number || *number < 200 || *number > 599 || *number != std::floor(*number)) {
    return wrong(value, "a status from 200 to 599");
  }
  behaviour.status = static_cast<int>(*number);
  return {};
}

bool fit_for_header(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  });
}

Applied apply_header(Behaviour& behaviour, std::string_view value) {
  const auto colon = value.find(':');
  if (colon == 0 || colon == std::string_view::npos || !fit_for_header(value)) {
    return wrong(value, "a header such as \"Name: value\"");
  }
  behaviour.headers.append(value).append("\r\n");
  return {};
}

Applied apply_content_type(Behaviour& behaviour, std::string_view value) {
  if (!fit_for_header(value)) return wrong(value, "fit for a header");
  behaviour.content_type = value;
  return {};
}

// 2, 0.5, date:2, ms:1500, text:anything
Applied apply_retry_after(Behaviour& behaviour, std::string_view value) {
  struct Form {
    std::string_view prefix;
    RetryAfterForm form;
    double scale;
  };
  constexpr std::array<Form, 3> kForms{{{"date:", RetryAfterForm::date, 1},
                                        {"ms:", RetryAfterForm::millis, 1e-3},
                                        {"", RetryAfterForm::seconds, 1}}};
  if (value.starts_with("text:") && fit_for_header(value)) {
    behaviour.retry_after_form = RetryAfterForm::text;
    behaviour.retry_after_text = value.substr(5);
    return {};
  }
  for (const Form& form : kForms) {
    if (!value.starts_with(form.prefix)) continue;
    const auto number = parse_number(value.substr(form.prefix.size()));
    if (!number) break;
    behaviour.retry_after_form = form.form;
    behaviour.retry_after_seconds = *number * form.scale;
    return {};
  }
  return wrong(value, "SECONDS, date:SECONDS, ms:MILLISECONDS or text:ANYTHING");
}

Applied apply_interim(Behaviour& behaviour, std::string_view value) {
  constexpr std::size_t kInterimMax = 16;
  std::vector<int> statuses;
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    const auto status = parse_number(value.substr(0, comma));
    if (!status || *status < 100 || *status > 199 || statuses.size() == kInterimMax) {
      return wrong(value, "a list of statuses from 100 to 199 such as 100,103");
    }
    statuses.push_back(static_cast<int>(*status));
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  behaviour.interim = std::move(statuses);
  return {};
}

Applied apply_hostile(Behaviour& behaviour, std::string_view value) {
  const HostileAnswer* answer = find_hostile(value);
  if (answer == nullptr) return wrong(value, "a hostile answer; --list-hostile names them all");
  behaviour.hostile = answer->kind;
  return {};
}

using B = Behaviour;
constexpr std::string_view kAnswer = "What is answered";
constexpr std::string_view kTime = "How long it takes";
constexpr std::string_view kRefusal = "Refusals";
constexpr std::string_view kLimits = "Limits told";
constexpr std::string_view kBreaks = "What breaks (bytes count after the head, framing included)";
constexpr std::string_view kWriting = "How bytes are written";

constexpr auto kSettings = std::to_array<Setting>({
    {"answer-tokens", "COUNT", kAnswer,
     "tokens of text; also uniform:10:200, exponential:50, lognormal:80:0.7 [64]",
     apply_distribution<&B::answer_tokens, QuantityKind::count>},
    {"answer-bytes", "N", kAnswer, "bytes of text instead of tokens",
     apply_count<&B::answer_bytes>},
    {"tokens-per-event", "N", kAnswer, "tokens that each event of a stream carries [1]",
     apply_count<&B::tokens_per_event>},
    {"reasoning-tokens", "N", kAnswer, "hidden tokens thought before the text [0]",
     apply_count<&B::reasoning_tokens>},
    {"cached-share", "SHARE", kAnswer, "share of the prompt read from the provider's cache [0]",
     apply_share<&B::cached_share>},
    {"cache-write-share", "SHARE", kAnswer, "share of the rest written to the cache [0]",
     apply_share<&B::cache_write_share>},
    {"text", "plain|tricky", kAnswer, "tricky: text that looks like framing and usage [plain]",
     [](B& b, std::string_view v) { return apply_word<&B::text>(b, v, "plain", "tricky"); }},
    {"tool", "asked|call|none", kAnswer,
     "call the request's tool: when its tool_choice demands it, whenever it has one, never [asked]",
     [](B& b, std::string_view v) { return apply_word<&B::tool>(b, v, "asked", "call", "none"); }},
    {"usage", "on|missing", kAnswer, "leave the usage out [on]",
     [](B& b, std::string_view v) { return apply_word<&B::usage>(b, v, "on", "missing"); }},
    {"output-cap", "kept|ignored", kAnswer, "the request's own limit on output [kept]",
     [](B& b, std::string_view v) { return apply_word<&B::output_cap>(b, v, "kept", "ignored"); }},
    {"body-bytes", "N", kAnswer, "an opaque answer of N bytes, whatever was asked",
     apply_count<&B::body_bytes>},
    {"content-type", "TYPE", kAnswer, "instead of the answer's own", apply_content_type},
    {"header", "'NAME: VALUE'", kAnswer, "a further header of the answer; may be repeated",
     apply_header},

    {"latency", "TIME", kTime,
     "until the first byte; also uniform:5ms:20ms, exponential:20ms, lognormal:20ms:0.5 [0]",
     apply_distribution<&B::latency, QuantityKind::wait>},
    {"gap", "TIME", kTime, "between events that carry tokens, in the same forms [0]",
     apply_distribution<&B::gap, QuantityKind::wait>},
    {"stamp", "yes|no", kTime,
     "write into each event when it was sent, for headrace-load to tell the delay [no]",
     apply_flag<&B::stamp>},
    {"tokens-per-second", "RATE", kTime, "instead of gap; unstreamed answers take as long",
     [](B& b, std::string_view v) -> Applied {
       const auto number = parse_number(v);
       if (!number) return std::unexpected(number.error());
       b.tokens_per_second = *number;
       return {};
     }},
    {"read-pause", "TIME", kTime, "before the request's body is read [0]",
     apply_wait<&B::read_pause_nanos>},

    {"status", "STATUS", kRefusal, "from 400 on: refuse with it, in the dialect's shape [200]",
     apply_status},
    {"error", "KIND", kRefusal,
     "refuse with invalid_request, authentication, billing, permission, not_found, conflict, "
     "too_large, unprocessable, rate_limit, insufficient_quota, server_error, bad_gateway, "
     "unavailable, timeout or overloaded",
     apply_error<&B::error>},
    {"error-rate", "SHARE", kRefusal, "share of requests that status or error befalls [1]",
     apply_share<&B::error_rate>},
    {"fail-first", "N", kRefusal, "refuse only the first N with the same x-request-id",
     apply_count<&B::fail_first>},
    {"error-shape", "dialect|html|text|empty", kRefusal, "body of a refusal [dialect]",
     [](B& b, std::string_view v) {
       return apply_word<&B::error_shape>(b, v, "dialect", "html", "text", "empty");
     }},
    {"stream-error", "KIND", kRefusal, "an error event within a stream, which then ends",
     apply_error<&B::stream_error>},
    {"stream-error-at", "EVENTS", kRefusal, "after so many events [3]",
     apply_count<&B::stream_error_at>},
    {"early", "yes|no", kRefusal, "answer on the head alone, the body still unread [no]",
     apply_flag<&B::early>},

    {"rate-headers", "off|on|spent", kLimits, "the dialect's rate-limit headers [off]",
     [](B& b, std::string_view v) {
       return apply_word<&B::rate_headers>(b, v, "off", "on", "spent");
     }},
    {"retry-after", "SECONDS", kLimits,
     "on refusals; also date:SECONDS, ms:MILLISECONDS, text:ANYTHING", apply_retry_after},

    {"reset-in-head", "BYTES", kBreaks, "reset after so many bytes of the head (0: no answer)",
     apply_count<&B::reset_in_head>},
    {"reset-at-byte", "BYTES", kBreaks, "reset after so many bytes",
     apply_count<&B::reset_at_byte>},
    {"reset-at-event", "EVENTS", kBreaks, "reset after so many events",
     apply_count<&B::reset_at_event>},
    {"close-at-byte", "BYTES", kBreaks, "close after so many bytes",
     apply_count<&B::close_at_byte>},
    {"close-at-event", "EVENTS", kBreaks, "close after so many events",
     apply_count<&B::close_at_event>},
    {"stall-at-byte", "BYTES", kBreaks, "fall silent after so many bytes",
     apply_count<&B::stall_at_byte>},
    {"stall-at-event", "EVENTS", kBreaks, "fall silent after so many events",
     apply_count<&B::stall_at_event>},
    {"reset-reused", "yes|no", kBreaks, "reset instead of answering on a reused connection [no]",
     apply_flag<&B::reset_reused>},
    {"close-silently", "yes|no", kBreaks, "close after the answer without announcing it [no]",
     apply_flag<&B::close_silently>},

    {"framing", "auto|length|chunked|close", kWriting,
     "of the body; auto: length when known, else chunked [auto]",
     [](B& b,
        std::string_view
            v) { return apply_word<&B::framing>(b, v, "auto", "length", "chunked", "close"); }},
    {"http-1-0", "yes|no", kWriting, "answer as HTTP/1.0 [no]", apply_flag<&B::http_1_0>},
    {"close", "yes|no", kWriting, "Connection: close [no]", apply_flag<&B::close>},
    {"interim", "STATUSES", kWriting, "1xx answers sent first, such as 100,103", apply_interim},
    {"drip", "BYTES", kWriting, "write no more than so many bytes a second",
     apply_count<&B::drip_bytes_per_second>},
    {"split", "BYTES", kWriting, "at most so many bytes a write", apply_count<&B::split>},
    {"split-at", "BYTES", kWriting, "two writes, parted at this byte of head and body",
     apply_count<&B::split_at>},
    {"split-pause", "TIME", kWriting, "between such writes [200us]",
     apply_wait<&B::split_pause_nanos>},
    {"extra-bytes", "N", kWriting, "sent after the end of the answer [0]",
     apply_count<&B::extra_bytes>},
    {"hostile", "NAME", kWriting, "an answer that no honest server sends; see --list-hostile",
     apply_hostile},
});

}  // namespace

std::span<const Setting> settings() {
  return kSettings;
}

const Setting* find_setting(std::string_view name) {
  const auto found = std::ranges::find(kSettings, name, &Setting::name);
  return found == kSettings.end() ? nullptr : &*found;
}

}  // namespace headrace::tools::mock
