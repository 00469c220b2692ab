// Which bytes numbers and words of a JSON text are made of.
#pragma once

#include <array>
#include <string_view>

namespace headrace::policy {

// Bytes that are neither white space nor tokens: what numbers and words are made of, and junk.
inline constexpr std::array<bool, 256> kJsonScalarBytes = [] {
  std::array<bool, 256> table{};
  table.fill(true);
  for (const char c : std::string_view(" \t\r\n{}[]:,\""))
    table[static_cast<unsigned char>(c)] = false;
  return table;
}();

constexpr bool is_json_scalar(char c) {
  return kJsonScalarBytes[static_cast<unsigned char>(c)];
}

}  // namespace headrace::policy
