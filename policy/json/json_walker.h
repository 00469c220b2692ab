// Walks a JSON text (RFC 8259) once, in slices of any size, judges its syntax, and tells a sink
// about the members that a table of paths (policy/json/json_fields.h) names.
//
//   walker.start(fields, options);
//   while there is a slice:  if (auto fault = walker.walk(slice, sink)) ... it is over
//   walker.complete()        the text was exactly one JSON value
//
// Text inside strings can never be taken for structure. Escapes that name half a surrogate pair are
// well-formed by RFC 8259 and let pass. Works in two steps, run by run: tokens are found by vector
// instructions (policy/json/json_index.h), then walked one by one.
//
// Threads:    none of its own; plain data.
// Lifetime:   a slice must stay during its walk() only, or, with `contiguous`, all slices together
//             until the end. The field table must outlive the walk.
// Padding:    none needed behind a slice.
// Bounds:     state is 200 bytes; 4 KiB of stack during walk().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/json/json_fields.h"
#include "policy/json/json_index.h"
#include "policy/json/json_step.h"
#include "policy/json/utf8_check.h"

namespace headrace::policy {

inline constexpr std::uint32_t kJsonDepthMax = 128;
inline constexpr std::size_t kJsonTextBytesMax = 48;     // of a string that is cut by slices
inline constexpr std::size_t kJsonTrackedDepthMax = 12;  // members deeper than this are not found

struct JsonWalkOptions {
  std::uint32_t depth_max = kJsonDepthMax;
  // Every slice lies directly behind the one before, so cut strings need not be copied and keys
  // are recognised however they are cut. Otherwise a cut key or text of more than
  // kJsonTextBytesMax bytes is not recognised.
  bool contiguous = false;
  bool check_utf8 = false;
  // Refuse a key that differs from a wanted one in letter case only.
  bool refuse_ambiguous_keys = false;
};

class JsonWalker {
 public:
  JsonWalker() = default;

  void start(const JsonFields& fields, const JsonWalkOptions& options);
  JsonFault walk(std::string_view slice, JsonSink& sink);

  // The text so far is one whole value.
  [[nodiscard]] bool complete() const;
  // Nothing but white space was seen.
  [[nodiscard]] bool untouched() const { return state_ == State::value && depth_ == 0; }
  // Bytes walked so far.
  [[nodiscard]] std::uint64_t offset() const { return base_; }

 private:
  enum class State : std::uint8_t {
    value,          // a value must come
    first_element,  // a value or ]
    first_key,      // a key or }
    key,            // a key must come
    colon,
    after_value,  // comma or closing bracket
    string,       // inside a string
    number,       // inside a number that the slice's end cut, or that is not a plain integer
    literal,      // inside true, false, null
    done,
    failed,
  };
  enum class Number : std::uint8_t { minus, zero, digits, point, fraction, e, e_sign, exponent };

  // How far a walk over one run came.
  enum class Outcome : bool { go_on, ended };

  Outcome walk_run(const char* run, const std::uint16_t* offsets, std::size_t count,
                   JsonSink& sink);
  Outcome resume_scalar(JsonSink& sink);
  Outcome walk_number(const char*& p, JsonSink& sink);
  Outcome walk_literal(const char*& p, JsonSink& sink);
  Outcome settle_key(std::string_view key);
  Outcome settle_odd_key(std::string_view key, JsonFields::Match match);
  Outcome tell_string(const char* quote, JsonSink& sink);
  Outcome tell(const JsonStep& step, JsonSink& sink);
  Outcome fail(const char* p, JsonError error, const char* reason);
  Outcome check_text(std::string_view slice);

  [[nodiscard]] std::uint64_t at(const char* p) const {
    return base_ + static_cast<std::uint64_t>(p - begin_);
  }
  [[nodiscard]] bool in_object() const {
    const unsigned level = depth_ - 1U;
    return (kinds_[level / 64] >> level % 64 & 1U) != 0;
  }
  [[nodiscard]] JsonField node() const {
    return depth_ <= kJsonTrackedDepthMax ? nodes_[depth_] : kJsonNoField;
  }
  [[nodiscard]] JsonField element_field() const {
    const JsonField parent = node();
    return parent != kJsonNoField ? fields_->element(parent) : kJsonNoField;
  }
  void open(bool object);
  void keep_cut_string();
  [[nodiscard]] std::string_view raw_string(const char* quote);
  [[nodiscard]] bool number_may_end() const;

  const JsonFields* fields_ = nullptr;
  const char* begin_ = nullptr;  // of the slice
  const char* end_ = nullptr;
  std::uint64_t base_ = 0;         // offset of the slice in the text
  std::uint64_t token_begin_ = 0;  // of the string, number or literal being walked
  std::array<std::uint64_t, kJsonDepthMax / 64> kinds_{};  // bit per level: 1 is an object
  std::uint64_t digits_ = 0;                               // the number's integer part
  const char* literal_ = nullptr;                          // what of the literal must still come
  JsonIndexState index_;
  JsonFault fault_;
  std::array<JsonField, kJsonTrackedDepthMax + 1> nodes_{};  // by depth
  std::uint8_t depth_ = 0;
  std::uint8_t depth_max_ = kJsonDepthMax;
  State state_ = State::value;
  JsonType literal_type_ = JsonType::null;
  JsonField field_ = kJsonRoot;  // of the value that comes next
  Number number_ = Number::minus;
  std::uint8_t copy_size_ = 0;
  bool copy_short_ = false;  // the copy lacks some of the string
  bool key_ = false;         // the string is a key
  bool wanted_ = false;      // ... and somebody may want to know which
  bool integer_ = false;
  bool negative_ = false;
  bool empty_ = false;      // the container that closes next has nothing inside
  bool non_ascii_ = false;  // in an earlier slice
  bool contiguous_ = false;
  bool check_utf8_ = false;
  bool refuse_ambiguous_ = false;
  Utf8Check utf8_;
  std::array<char, kJsonTextBytesMax> copy_{};  // the part of a cut string before this slice
};

}  // namespace headrace::policy
