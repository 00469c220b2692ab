// Writes text and JSON by appending to a std::string whose capacity is kept between answers.
//
// put(out, R"({"id":")", id, R"(","created":)", created, "}") appends each piece in order: text as
// it stands, integers in decimal, Escaped{text} as the inside of a JSON string.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace headrace::tools::mock {

// Text to be written inside JSON quotes: quotes, backslashes and control bytes are escaped. Bytes
// from 0x80 on are passed through: what came in as UTF-8 goes out as UTF-8.
struct Escaped {
  std::string_view text;
};

// Lower-case hexadecimal digits, always sixteen.
struct Hex {
  std::uint64_t value = 0;
};

namespace detail {

inline void put_one(std::string& out, std::string_view text) {
  out.append(text);
}
inline void put_one(std::string& out, char byte) {
  out.push_back(byte);
}
// Not an overload taking bool: a literal would rather be that than a string_view.
template <std::same_as<bool> Truth>
void put_one(std::string& out, Truth value) {
  out.append(value ? "true" : "false");
}

template <std::integral Number>
  requires(!std::same_as<Number, char> && !std::same_as<Number, bool>)
void put_one(std::string& out, Number number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

inline void put_one(std::string& out, Hex hex) {
  char digits[16];
  for (int i = 15; i >= 0; --i, hex.value >>= 4)
    digits[i] = "0123456789abcdef"[hex.value & 15U];
  out.append(digits, sizeof digits);
}

inline void put_one(std::string& out, Escaped escaped) {
  for (const char c : escaped.text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out.append("\\n");
    } else if (byte < 0x20) {
      out.append("\\u00");
      out.push_back("0123456789abcdef"[byte >> 4U]);
      out.push_back("0123456789abcdef"[byte & 15U]);
    } else {
      out.push_back(c);
    }
  }
}

}  // namespace detail

template <class... Pieces>
void put(std::string& out, const Pieces&... pieces) {
  (detail::put_one(out, pieces), ...);
}

}  // namespace headrace::tools::mock
