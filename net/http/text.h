// Character classes of RFC 9110 section 5.6 and RFC 3986, and comparison without regard to case:
// what every HTTP parser here is made of. ASCII only, no locale; nothing allocates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/ascii.h"

namespace headrace::net::http {

inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

enum class CharClass : std::uint8_t {
  token = 1 << 0,        // tchar: field names, methods
  field_value = 1 << 1,  // VCHAR, SP, HTAB, obs-text
  path = 1 << 2,         // pchar without "%" and ";", and "/"
  query = 1 << 3,        // pchar without "%", "/", "?", and "[" "]" that real clients send bare
  host = 1 << 4,         // what we take in a registered name or an IPv4 address
  hex = 1 << 5,
  unreserved = 1 << 6,  // ALPHA / DIGIT / "-" / "." / "_" / "~"
};

using core::equals_ignoring_case;
using core::is_digit;
using core::is_letter;
using core::is_letter_or_digit;
using core::to_lower;

constexpr std::array<std::uint8_t, 256> make_char_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const auto among = [c](std::string_view set) { return set.find(c) != std::string_view::npos; };
    const bool alphanumeric = is_letter_or_digit(c);
    const bool unreserved = alphanumeric || among("-._~");
    const bool pchar = unreserved || among("!$&'()*+,;=:@");
    const auto add = [&](CharClass kind, bool member) {
      if (member) classes[i] = static_cast<std::uint8_t>(classes[i] | static_cast<unsigned>(kind));
    };
    add(CharClass::token, alphanumeric || among("!#$%&'*+-.^_`|~"));
    add(CharClass::field_value, c == '\t' || (i >= 0x20 && i != 0x7f));
    add(CharClass::path, (pchar && c != ';') || c == '/');
    add(CharClass::query, pchar || among("/?[]"));
    add(CharClass::host, alphanumeric || among("-._"));
    add(CharClass::hex, is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'));
    add(CharClass::unreserved, unreserved);
  }
  return classes;
}

inline constexpr std::array<std::uint8_t, 256> kCharClasses = make_char_classes();

constexpr bool is(CharClass kind, char c) {
  return (kCharClasses[static_cast<unsigned char>(c)] & static_cast<unsigned>(kind)) != 0;
}

constexpr bool all_are(CharClass kind, std::string_view text) {
  for (const char c : text) {
    if (!is(kind, c)) return false;
  }
  return true;
}

// A non-empty run of tchar.
constexpr bool is_token(std::string_view text) {
  return !text.empty() && all_are(CharClass::token, text);
}

// The value of one hexadecimal digit, or -1.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Without the optional white space (SP, HTAB) at both ends.
constexpr std::string_view trim_white_space(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

}  // namespace headrace::net::http
