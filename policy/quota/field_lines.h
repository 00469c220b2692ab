// Writes lines of fields into fixed memory. Every answer of a caller with limits carries them, so
// they are put together by hand: a literal is copied in as many steps as its length needs, and a
// number that stands in several fields is turned into text once.
//
// Threads: a value of one call.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "core/check.h"
#include "core/copy_short.h"

namespace headrace::policy {

// A number as text.
class Digits {
 public:
  static constexpr std::size_t kBytesMax = 20;  // of any number

  Digits() = default;
  explicit Digits(std::int64_t value)
      : bytes_(static_cast<std::uint8_t>(
            std::to_chars(text_.data(), text_.data() + text_.size(), value).ptr - text_.data())) {}

  [[nodiscard]] const char* data() const { return text_.data(); }
  [[nodiscard]] std::size_t size() const { return bytes_; }

 private:
  std::array<char, kBytesMax> text_{};
  std::uint8_t bytes_ = 0;
};

class FieldLines {
 public:
  explicit FieldLines(std::span<char> out)
      : begin_(out.data()), at_(begin_), end_(begin_ + out.size()) {}

  template <std::size_t kBytes>
  FieldLines& text(const char (&literal)[kBytes]) {
    expect_room(kBytes - 1);
    std::memcpy(at_, literal, kBytes - 1);
    at_ += kBytes - 1;
    return *this;
  }
  FieldLines& text(std::string_view text) {
    expect_room(text.size());
    core::copy_short(at_, text.data(), text.size());
    at_ += text.size();
    return *this;
  }
  // All of its memory: what is copied too much is written over.
  FieldLines& number(const Digits& digits) {
    expect_room(Digits::kBytesMax);
    std::memcpy(at_, digits.data(), Digits::kBytesMax);
    at_ += digits.size();
    return *this;
  }
  FieldLines& number(std::int64_t value) {
    if (value < 0 || value > 99) return number(Digits(value));
    return value < 10 ? digit(value) : two_digits(value);
  }
  // The last two.
  FieldLines& two_digits(std::int64_t value) { return digit(value / 10 % 10).digit(value % 10); }
  void end_line() { text("\r\n"); }
  [[nodiscard]] std::string_view written() const {
    return {begin_, static_cast<std::size_t>(at_ - begin_)};
  }

 private:
  FieldLines& digit(std::int64_t value) {
    expect_room(1);
    *at_++ = static_cast<char>('0' + value);
    return *this;
  }
  void expect_room(std::size_t bytes) const {
    HEADRACE_CHECK(bytes <= static_cast<std::size_t>(end_ - at_), "the fields are of bounded size");
  }

  char* begin_;
  char* at_;
  char* end_;
};

}  // namespace headrace::policy
