// Walks a JSON text (RFC 8259) once, in slices of any size, judges its syntax, and stops at the
// members that a table of paths (policy/json/json_fields.h) names.
//
//   walker.start(fields, options);
//   walker.feed(slice);                       // as often as slices come
//   while ((step = walker.next()).kind is field or close) ...
//   step.kind: more  -> feed the next slice, or finish() when there is none
//              error -> at step.begin, step.reason says why; the walk is over
//
// Text inside strings can never be taken for structure. Nothing is copied but keys and short
// values that are cut by a slice's end or hold escapes, into the walker's own 40 bytes. Escapes
// that name half a surrogate pair are well-formed by RFC 8259 and let pass.
//
// Threads:    none of its own; plain data.
// Lifetime:   a slice must stay until the next feed(); the field table as long as the walk.
// Padding:    none needed behind a slice.
// Cost:       strings are skipped 16 bytes at a step or faster; state is about 150 bytes.
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
inline constexpr std::size_t kJsonTrackedDepthMax = 12;  // members deeper than this are not found
static_assert(kJsonTextBytesMax > kJsonKeyBytesMax, "a key too long to be wanted is told by it");

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
  bool escaped = false;    // a string with backslashes
  bool truncated = false;  // text lacks what is beyond kJsonTextBytesMax, or half a surrogate pair
  bool integer = false;    // a number without fraction or exponent, |n| < 2^63
  // From the start of the text. field: the value's first byte, and one past it (past the bracket
  // of a container); close: one past the bracket; error: the place.
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::int64_t number = 0;
  std::string_view text;    // string: decoded; valid until the next call
  const char* reason = "";  // error: static text
};

struct JsonWalkOptions {
  std::uint32_t depth_max = kJsonDepthMax;
  bool check_utf8 = true;
  bool refuse_ambiguous_keys = false;  // keys that differ from a wanted one in letter case only
};

class JsonWalker {
 public:
  JsonWalker() = default;

  void start(const JsonFields& fields, const JsonWalkOptions& options);
  void feed(std::string_view slice);
  [[nodiscard]] JsonStep next();

  // The outermost value has ended, and only white space was seen since.
  [[nodiscard]] bool complete() const;
  // Nothing but white space was seen.
  [[nodiscard]] bool untouched() const { return state_ == State::value && depth_ == 0; }
  // Bytes walked so far.
  [[nodiscard]] std::uint64_t offset() const { return at(cursor_); }

 private:
  enum class State : std::uint8_t {
    value,          // a value must come
    first_element,  // a value or ]
    first_key,      // a key or }
    key,            // a key must come
    colon,
    after_value,  // comma or closing bracket
    string,       // inside a string, key or value
    escape,       // behind a backslash
    hex,          // inside \uXXXX
    number,
    literal,
    done,
    failed,
  };
  enum class Number : std::uint8_t { minus, zero, digits, point, fraction, e, e_sign, exponent };

  [[nodiscard]] std::uint64_t at(const char* p) const {
    return base_ + static_cast<std::uint64_t>(p - begin_);
  }
  [[nodiscard]] bool in_object() const {
    return (kinds_[(depth_ - 1U) / 64] >> (depth_ - 1U) % 64 & 1U) != 0;
  }
  [[nodiscard]] JsonField node() const {
    return depth_ <= kJsonTrackedDepthMax ? nodes_[depth_] : kJsonNoField;
  }
  JsonStep pause(const char* p, State state);
  JsonStep fail(const char* p, JsonError error, const char* reason);
  JsonStep emit(JsonType type, const char* p);
  void open(bool object);
  [[nodiscard]] JsonField element_field() const;
  void begin_string(const char* p, bool key, bool wanted);
  void capture(const char* from, const char* to);
  void capture_character(std::uint32_t character);
  std::string_view string_text(const char* run, const char* quote);
  bool settle_key(std::string_view key);
  void begin_number(const char* p);
  const char* number_run(const char* p);
  [[nodiscard]] bool number_may_end() const;

  const JsonFields* fields_ = nullptr;
  const char* begin_ = nullptr;
  const char* cursor_ = nullptr;
  const char* end_ = nullptr;
  std::uint64_t base_ = 0;         // offset of the slice in the text
  std::uint64_t token_begin_ = 0;  // of the string, number or literal being walked
  std::array<std::uint64_t, kJsonDepthMax / 64> kinds_{};    // bit per level: 1 is an object
  std::uint64_t digits_ = 0;                                 // the number's integer part
  const char* literal_ = nullptr;                            // what of the literal must still come
  std::array<JsonField, kJsonTrackedDepthMax + 1> nodes_{};  // by depth
  std::uint8_t depth_ = 0;
  std::uint8_t depth_max_ = kJsonDepthMax;
  State state_ = State::value;
  JsonType literal_type_ = JsonType::null;
  JsonField field_ = kJsonRoot;  // of the value that comes next
  std::uint8_t text_size_ = 0;
  std::uint8_t hex_digits_ = 0;
  Number number_ = Number::minus;
  std::uint16_t hex_ = 0;
  std::uint16_t high_surrogate_ = 0;
  bool key_ = false;     // the string is a key
  bool wanted_ = false;  // its text is
  bool copied_ = false;  // ... and stands in copy_
  bool escaped_ = false;
  bool truncated_ = false;
  bool negative_ = false;
  bool integer_ = false;
  bool check_utf8_ = false;
  bool refuse_ambiguous_ = false;
  bool non_ascii_ = false;  // in this slice
  Utf8Check utf8_;
  std::array<char, kJsonTextBytesMax> copy_{};
};

}  // namespace headrace::policy
