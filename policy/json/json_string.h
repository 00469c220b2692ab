// Decodes the text between the quotes of a JSON string (RFC 8259 section 7).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace headrace::policy {

struct JsonDecoded {
  std::string_view text;  // slice of `out`: what was decoded
  bool whole = false;     // false: `out` was too small, or half a surrogate pair stands in it
};

// `raw` has been judged before (its escapes are well-formed). Stops where it cannot go on.
[[nodiscard]] JsonDecoded decode_json_string(std::string_view raw, std::span<char> out);

}  // namespace headrace::policy
