// Walks a JSON text (RFC 8259) once, in slices of any size, judges its syntax, and stops at the
// members that a table of paths (policy/json/json_fields.h) names.
//
//   walker.start(fields, options);
//   walker.feed(slice);                       // as often as slices come
//   while ((step = walker.next()).kind is field or close) ...
//   step.kind: more  -> feed the next slice (or finish() when there is none)
//              error -> at step.begin, step.error says why; the walk is over
//
// Text inside strings can never be taken for structure. Nothing is copied but keys and short
// values that are cut by a slice's end or hold escapes, into the walker's own 40 bytes.
//
// Threads:    none of its own; plain data, may be copied between slices.
// Cost:       strings are skipped 16 bytes at a step; state is about 150 bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/json/json_fields.h"
#include "policy/json/utf8_check.h"

namespace headrace::policy {

inline constexpr std::uint32_t kJsonDepthMax = 128;
inline constexpr std::size_t kJsonTextBytesMax = 40;     // of a value's decoded text
inline constexpr std::size_t kJsonTrackedDepthMax = 12;  // fields deeper than this are not found

enum class JsonType : std::uint8_t {
  object,
  array,
  string,
  number,
  boolean_true,
  boolean_false,
  null
};

enum class JsonError : std::uint8_t {
  none,
  incomplete,
  syntax,
  trailing,
  invalid_utf8,
  too_deep,
  ambiguous_key,
};

struct JsonStep {
  enum class Kind : std::uint8_t {
    field,  // a value of interest: a whole scalar, or the opening of an object or array
    close,  // the end of an object or array of interest
    more,   // the slice is used up
    error,
  };
  Kind kind = Kind::more;
  JsonType type = JsonType::null;
  JsonField field = kJsonNoField;
  JsonError error = JsonError::none;
  bool escaped = false;  // a string with backslashes
  bool truncated =
      false;  // text holds only the first kJsonTextBytesMax bytes, or could not be decoded
  bool integer = false;  // a number without fraction and exponent, -2^63 < n < 2^63
  // From the start of the text: field: first byte of the value; error: the place.
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  // one past the value (container opening: past the bracket)
  std::int64_t number = 0;
  std::string_view text;    // string: decoded; valid until the next call
  const char* reason = "";  // error: static text
};

struct JsonWalkOptions {
  std::uint32_t depth_max = kJsonDepthMax;
  bool check_utf8 = true;
  bool refuse_ambiguous_keys = false;  // keys that differ from a wanted one in case only
};

class JsonWalker {
 public:
  JsonWalker() = default;

  void start(const JsonFields& fields, const JsonWalkOptions& options);
  void feed(std::string_view slice);
  [[nodiscard]] JsonStep next();
  // After the last slice: none, or incomplete. The text may have ended long before.
  [[nodiscard]] JsonError finish() const;
  // The outermost value has ended (only white space was seen since).
  [[nodiscard]] bool complete() const;
  // Bytes walked so far.
  [[nodiscard]] std::uint64_t offset() const;
};

}  // namespace headrace::policy
