#include "net/log/log_line.h"

#include <array>
#include <charconv>
#include <ctime>
#include <iterator>

#include <fmt/format.h>

namespace headrace::net {

namespace {

void append_escaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      // Bytes beyond ASCII may be half a character: a log line is valid UTF-8 whatever came in.
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
}

void append(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  out += ",\"";
  out += name;
  out += "\":\"";
  append_escaped(text, out);
  out += '"';
}

void append(std::string& out, std::string_view name, std::int64_t number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
  out += ",\"";
  out += name;
  out += "\":";
  out.append(digits.begin(), end);
}

void append_if_any(std::string& out, std::string_view name, std::int64_t number) {
  if (number != 0) append(out, name, number);
}

void append_flag(std::string& out, std::string_view name, bool set) {
  if (!set) return;
  out += ",\"";
  out += name;
  out += "\":true";
}

// RFC 3339 with milliseconds, UTC.
void append_time(core::WallTime time, std::string& out) {
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  const std::time_t seconds = static_cast<std::time_t>(time.unix_nanos / kNanosPerSecond);
  const std::int64_t milliseconds = time.unix_nanos % kNanosPerSecond / 1'000'000;
  // Lines come in the order of time: mostly the second is that of the line before.
  thread_local std::time_t cached_second = -1;
  thread_local std::array<char, 32> cached{};
  thread_local std::size_t cached_bytes = 0;
  if (seconds != cached_second) {
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    cached_bytes = std::strftime(cached.data(), cached.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    cached_second = seconds;
  }
  out.append(cached.data(), cached_bytes);
  out += '.';
  out += static_cast<char>('0' + milliseconds / 100);
  out += static_cast<char>('0' + milliseconds / 10 % 10);
  out += static_cast<char>('0' + milliseconds % 10);
  out += 'Z';
}

std::int64_t micros(core::Duration duration) {
  return duration.count() / 1000;
}

void append_usage(const policy::Usage& usage, std::string& out) {
  if (usage.source == policy::UsageSource::none) return;
  append(out, "usage_source", policy::to_text(usage.source));
  append(out, "tokens_in", usage.in_total());
  append(out, "tokens_out", usage.out_total());
  append_if_any(out, "tokens_in_cache_read", usage.in_cache_read);
  append_if_any(out, "tokens_in_cache_write", usage.in_cache_write_5m + usage.in_cache_write_1h);
  append_if_any(out, "tokens_in_audio", usage.in_audio);
  append_if_any(out, "tokens_in_image", usage.in_image);
  append_if_any(out, "tokens_out_reasoning", usage.out_reasoning);
  append_if_any(out, "tokens_out_audio", usage.out_audio);
  append_if_any(out, "tokens_out_image", usage.out_image);
  append_if_any(out, "web_searches", usage.web_searches);
  append(out, "service_tier", usage.service_tier.view());
}

}  // namespace

void append_log_line(const AccessRecord& record, std::string& out) {
  std::array<char, PeerAddress::kTextBytesMax> peer;
  out += "{\"time\":\"";
  append_time(record.ended_at, out);
  out += '"';
  append(out, "request_id", record.request_id);
  append(out, "peer", record.peer.text(peer));
  append(out, "method", http::method_text(record.method));
  append(out, "path", record.path);
  append(out, "status", record.status);
  append(out, "duration_us", micros(record.duration));
  if (record.time_to_first_byte != core::Duration::zero()) {
    append(out, "first_byte_us", micros(record.time_to_first_byte));
  }
  append(out, "bytes_in", static_cast<std::int64_t>(record.bytes_in));
  append(out, "bytes_out", static_cast<std::int64_t>(record.bytes_out));
  append(out, "tenant", record.tenant);
  append(out, "key", record.key);
  append(out, "endpoint", policy::to_text(record.endpoint));
  append(out, "model", record.model);
  append(out, "provider", record.provider);
  append_if_any(out, "attempts", record.attempts);
  append_usage(record.usage, out);
  append_flag(out, "streamed", record.streamed);
  append_flag(out, "local", record.local);
  append_flag(out, "cut", record.cut);
  append(out, "code", record.code);
  append(out, "upstream_failure", name(record.failure));
  append(out, "shard", record.shard);
  out += "}\n";
}

}  // namespace headrace::net
