// Members of a JSON object one after another, for lines of logs. Everything that came from outside
// is escaped. There is no check for room at each: whoever makes a line has room for the longest
// one.
//
// Threads: a value of one thread. Inline, because an access log is a line for each request.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <span>
#include <string_view>

#include "core/clock.h"
#include "core/copy_short.h"

namespace headrace::net {

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
    core::copy_short(at_, value.data(), value.size());
    at_ += value.size();
    *at_++ = '"';
  }
  void flag(std::string_view member, bool set) {
    if (set) raw(member);
  }
  // RFC 3339 with milliseconds, UTC. Lines come in the order of time: mostly the second is that of
  // the line before.
  void time(core::WallTime time) {
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
    raw({cached.data(), cached_bytes});
    const std::array<char, 4> digits = {static_cast<char>('0' + milliseconds / 100),
                                        static_cast<char>('0' + milliseconds / 10 % 10),
                                        static_cast<char>('0' + milliseconds % 10), 'Z'};
    raw({digits.data(), digits.size()});
  }
  [[nodiscard]] char* at() const { return at_; }

 private:
  static bool needs_escape(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\';
  }
  // The same of any of eight bytes: what is below 0x20 or equal borrows from the highest bit, and
  // what is beyond ASCII, or will be when one is added, has it.
  static bool any_needs_escape(std::span<const char, 8> eight) {
    constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
    constexpr std::uint64_t kHighest = kOnes << 7U;
    std::uint64_t word = 0;
    std::memcpy(&word, eight.data(), sizeof word);
    const auto below = [](std::uint64_t bytes, std::uint64_t least) {
      return (bytes - kOnes * least) & ~bytes;
    };
    const std::uint64_t found = below(word, 0x20) | below(word ^ kOnes * '"', 1) |
                                below(word ^ kOnes * '\\', 1) | word | (word + kOnes);
    return (found & kHighest) != 0;
  }
  void escaped(std::string_view value) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (; value.size() >= 8 && !any_needs_escape(std::span(value).first<8>());
         value.remove_prefix(8)) {
      std::memcpy(at_, value.data(), 8);
      at_ += 8;
    }
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

}  // namespace headrace::net
