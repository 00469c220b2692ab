#include "net/log/log_line.h"

#include <array>
#include <charconv>
#include <cstring>
#include <ctime>
#include <string_view>

#include "core/check.h"

namespace headrace::net {

namespace {

// Members of a JSON object one after another, without a check for room at each: the longest line
// fits by kLogLineBytesMax.
class LineWriter {
 public:
  explicit LineWriter(char* at) : at_(at) {}

  void raw(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  // `name` with comma, quotes and colon: ,"status":
  void number(std::string_view name, std::int64_t value) {
    raw(name);
    constexpr std::size_t kDigitsMax = 20;
    at_ = std::to_chars(at_, at_ + kDigitsMax, value).ptr;
  }
  void number_if_any(std::string_view name, std::int64_t value) {
    if (value != 0) number(name, value);
  }
  // `name` with comma, quotes, colon and the value's opening quote: ,"path":"
  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    raw(name);
    escaped(value);
    *at_++ = '"';
  }
  // For texts of ours, which need no escaping.
  void plain(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    raw(name);
    raw(value);
    *at_++ = '"';
  }
  void flag(std::string_view member, bool set) {
    if (set) raw(member);
  }
  [[nodiscard]] char* at() const { return at_; }

 private:
  static bool needs_escape(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\';
  }
  void escaped(std::string_view value) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const char c : value) {
      if (!needs_escape(c)) [[likely]] {
        *at_++ = c;
      } else if (c == '"' || c == '\\') {
        *at_++ = '\\';
        *at_++ = c;
      } else {
        // Bytes beyond ASCII may be half a character: a line is valid UTF-8 whatever came in.
        const auto byte = static_cast<unsigned char>(c);
        raw("\\u00");
        *at_++ = kDigits[byte >> 4U];
        *at_++ = kDigits[byte & 15U];
      }
    }
  }

  char* at_;
};

// RFC 3339 with milliseconds, UTC. Lines come in the order of time: mostly the second is that of
// the line before.
void write_time(core::WallTime time, LineWriter& line) {
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  const auto second = static_cast<std::time_t>(time.unix_nanos / kNanosPerSecond);
  const std::int64_t milliseconds = time.unix_nanos % kNanosPerSecond / 1'000'000;
  thread_local std::time_t cached_second = -1;
  thread_local std::array<char, 32> cached{};
  thread_local std::size_t cached_bytes = 0;
  if (second != cached_second) {
    std::tm parts{};
    gmtime_r(&second, &parts);
    cached_bytes = std::strftime(cached.data(), cached.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
    cached_second = second;
  }
  line.raw({cached.data(), cached_bytes});
  const std::array<char, 3> digits = {static_cast<char>('0' + milliseconds / 100),
                                      static_cast<char>('0' + milliseconds / 10 % 10),
                                      static_cast<char>('0' + milliseconds % 10)};
  line.raw({digits.data(), digits.size()});
}

std::int64_t micros(core::Duration duration) {
  return duration.count() / 1000;
}

void write_usage(const policy::Usage& usage, LineWriter& line) {
  if (usage.source == policy::UsageSource::none) return;
  line.plain(",\"usage_source\":\"", policy::to_text(usage.source));
  line.number(",\"tokens_in\":", usage.in_total());
  line.number(",\"tokens_out\":", usage.out_total());
  line.number_if_any(",\"tokens_in_cache_read\":", usage.in_cache_read);
  line.number_if_any(",\"tokens_in_cache_write\":",
                     usage.in_cache_write_5m + usage.in_cache_write_1h);
  line.number_if_any(",\"tokens_in_audio\":", usage.in_audio);
  line.number_if_any(",\"tokens_in_image\":", usage.in_image);
  line.number_if_any(",\"tokens_out_reasoning\":", usage.out_reasoning);
  line.number_if_any(",\"tokens_out_audio\":", usage.out_audio);
  line.number_if_any(",\"tokens_out_image\":", usage.out_image);
  line.number_if_any(",\"web_searches\":", usage.web_searches);
  line.text(",\"service_tier\":\"", usage.service_tier.view());
}

}  // namespace

std::size_t write_log_line(const AccessRecord& record, std::span<char> out) {
  HEADRACE_CHECK(out.size() >= kLogLineBytesMax);
  std::array<char, PeerAddress::kTextBytesMax> peer;
  LineWriter line(out.data());
  line.raw("{\"time\":\"");
  write_time(record.ended_at, line);
  line.raw("Z\"");
  line.plain(",\"request_id\":\"", record.request_id);
  line.plain(",\"peer\":\"", record.peer.text(peer));
  line.plain(",\"method\":\"", http::method_text(record.method));
  line.text(",\"path\":\"", record.path);
  line.number(",\"status\":", record.status);
  line.number(",\"duration_us\":", micros(record.duration));
  if (record.time_to_first_byte != core::Duration::zero()) {
    line.number(",\"first_byte_us\":", micros(record.time_to_first_byte));
  }
  line.number(",\"bytes_in\":", static_cast<std::int64_t>(record.bytes_in));
  line.number(",\"bytes_out\":", static_cast<std::int64_t>(record.bytes_out));
  line.text(",\"tenant\":\"", record.tenant);
  line.text(",\"key\":\"", record.key);
  line.text(",\"user\":\"", record.user);
  line.text(",\"rule\":\"", record.rule);
  line.text(",\"route\":\"", record.route);
  line.plain(",\"endpoint\":\"", policy::to_text(record.endpoint));
  line.text(",\"model\":\"", record.model);
  line.text(",\"provider\":\"", record.provider);
  line.number_if_any(",\"attempts\":", record.attempts);
  line.plain(",\"tries\":\"", record.tries);
  write_usage(record.usage, line);
  line.flag(",\"streamed\":true", record.streamed);
  line.flag(",\"local\":true", record.local);
  line.flag(",\"cut\":true", record.cut);
  line.plain(",\"code\":\"", record.code);
  line.plain(",\"limit\":\"", record.limit);
  line.number_if_any(",\"refusals_left_out\":",
                     static_cast<std::int64_t>(record.refusals_left_out));
  line.plain(",\"upstream_failure\":\"", name(record.failure));
  line.number(",\"shard\":", record.shard);
  line.raw("}\n");
  return static_cast<std::size_t>(line.at() - out.data());
}

}  // namespace headrace::net
