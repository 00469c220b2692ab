// A slow and obvious JSON parser (RFC 8259), to compare the fast walker with.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headrace::fuzz {

struct ReferenceJson {
  enum class Type { object, array, string, number, boolean_true, boolean_false, null };
  Type type = Type::null;
  std::size_t begin = 0;  // in the text
  std::size_t end = 0;
  std::string text;   // string: decoded; number: as it stands
  bool whole = true;  // a string without half surrogate pairs
  std::vector<std::pair<std::string, ReferenceJson>> members;  // object: in order
  std::vector<ReferenceJson> elements;                         // array

  // The only member of that name; null where there is none or more than one.
  [[nodiscard]] const ReferenceJson* member(std::string_view key) const;
};

// Nothing if the text is not exactly one JSON value of at most that depth. UTF-8 is not judged.
[[nodiscard]] std::optional<ReferenceJson> reference_json(std::string_view text,
                                                          std::size_t depth_max);

[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace headrace::fuzz
