// What a walk over a JSON text (policy/json/json_walker.h) tells its sink, and how it ends.
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/json/json_fields.h"

namespace headrace::policy {

enum class JsonType : std::uint8_t {
  object,
  array,
  string,
  number,
  boolean_true,
  boolean_false,
  null,
};

// One value that the table of fields names.
struct JsonStep {
  enum class Kind : std::uint8_t {
    value,  // a whole scalar, or the opening of an object or array
    close,  // the end of an object or array
  };
  Kind kind = Kind::value;
  JsonType type = JsonType::null;
  JsonField field = kJsonNoField;
  bool escaped = false;    // a string with backslashes
  bool truncated = false;  // a string whose decoded text is not whole in `text`
  bool empty = false;      // close: nothing stood inside
  bool integer = false;    // a number without fraction and exponent, of at most 18 digits
  std::int64_t number = 0;
  // Offsets in the whole text. value: its first byte, and one past it (past the bracket of a
  // container); close: both one past the bracket.
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string_view text;  // string: decoded; during the call only
};

class JsonSink {
 public:
  // False ends the walk.
  virtual bool on_json(const JsonStep& step) = 0;

 protected:
  ~JsonSink() = default;
};

enum class JsonError : std::uint8_t {
  none,
  stopped,  // by the sink
  syntax,
  trailing,       // more than white space behind the outermost value
  invalid_utf8,   //
  too_deep,       //
  ambiguous_key,  // see JsonWalkOptions
};

struct JsonFault {
  JsonError error = JsonError::none;
  std::uint64_t offset = 0;  // in the whole text
  const char* reason = "";   // static
  [[nodiscard]] explicit operator bool() const { return error != JsonError::none; }
};

}  // namespace headrace::policy
