// A slow and obvious JSON parser (RFC 8259), to compare the fast walker with.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headrace::tests {

struct JsonReference {
  enum class Type { object, array, string, number, boolean_true, boolean_false, null };
  Type type = Type::null;
  std::size_t begin = 0;  // in the text
  std::size_t end = 0;
  std::string text;   // string: decoded; number: as it stands
  bool whole = true;  // a string without half surrogate pairs
  std::vector<std::pair<std::string, JsonReference>> members;  // object: in order
  std::vector<JsonReference> elements;                         // array

  // The only member of that name; null where there is none or more than one.
  [[nodiscard]] const JsonReference* member(std::string_view key) const;
};

// Nothing if the text is not exactly one JSON value of at most that depth in valid UTF-8.
[[nodiscard]] std::optional<JsonReference> parse_reference(std::string_view text,
                                                           std::size_t depth_max);

}  // namespace headrace::tests
