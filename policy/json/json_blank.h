// What may stand between the tokens of a JSON text and means nothing.
#pragma once

namespace headrace::policy {

constexpr bool is_json_blank(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

}  // namespace headrace::policy
