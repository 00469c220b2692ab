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
// Bounds:     state is about 250 bytes; 4 KiB of stack during walk().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/json/json_fields.h"
#include "policy/json/json_index.h"
#include "policy/json/json_number.h"
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
  // kJsonTextBytesMax bytes is not recognised. Tables with crossings (json_fields.h) need it.
  bool contiguous = false;
  // Judge everything, UTF-8 and what nobody wants to know included. Otherwise only what could lead
  // astray is judged: where strings and wanted values begin and end. Of an unwanted object or array
  // the brackets are counted.
  bool strict = false;
  // Refuse a key that differs from a wanted one in letter case only.
  bool refuse_ambiguous_keys = false;
  // Tell of strings too that are members or elements of a wanted container, but not wanted
  // themselves: as kJsonNoField, without their text. One that is cut is left out.
  bool tell_unwanted_strings = false;
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
  // How deep objects and arrays stood in each other so far, and where that was first so. Those of
  // which only the brackets are counted are left out: a strict walk has none.
  [[nodiscard]] std::uint32_t depth_reached() const { return depth_reached_; }
  [[nodiscard]] std::uint64_t deepest_at() const { return deepest_at_; }
  // Where the first object or array stands that is wanted, or leads to what is, but lies too deep
  // for its members to be found; kNowhere: there is none.
  [[nodiscard]] std::uint64_t lost_at() const { return lost_at_; }
  static constexpr std::uint64_t kNowhere = ~std::uint64_t{0};

 private:
  enum class State : std::uint8_t {
    value,          // a value must come
    first_element,  // a value or ]
    first_key,      // a key or }
    key,            // a key must come
    colon,
    after_value,  // comma or closing bracket
    skipped,      // inside an object or array of which only the brackets are counted
    in_key,       // the key's closing quote comes next
    in_string,    // the string's closing quote comes next
    number,       // a number that the slice's end cut
    word,         // true, false or null that the slice's end cut
    failed,
  };

  static constexpr std::uint8_t kObjectLevel = 0x80;
  static_assert(kJsonFieldsMax <= kObjectLevel);
  // Before the outermost value.
  static constexpr JsonPlace kOutside{kJsonNoField, kJsonNoField, kJsonRoot, false, false, 0};

  // How far a part of the walk came; ended: fault_ says why.
  enum class Outcome : bool { go_on, ended };

  std::size_t index_run(const char* run, std::size_t size, std::uint16_t* offsets);
  Outcome walk_tokens(const char* run, const std::uint16_t* token, const std::uint16_t* end,
                      JsonSink& sink);
  Outcome open_container(const char* p, bool object, JsonSink& sink);
  Outcome close_container(const char* p, JsonSink& sink);
  void enter_container();
  Outcome tell_bracket(const char* p, JsonStep::Kind kind, JsonField field, bool object,
                       JsonSink& sink);
  const std::uint16_t* skip_container(const char* run, const std::uint16_t* token,
                                      const std::uint16_t* end);
  Outcome walk_scalar(const char* p, JsonSink& sink);
  Outcome begin_number(const char* p, JsonSink& sink);
  Outcome walk_number(const char* p, JsonSink& sink);
  Outcome tell_number(const char* p, bool integer, std::int64_t number, JsonSink& sink);
  Outcome tell_word(const char* p, JsonSink& sink);
  Outcome walk_word(const char* p, JsonSink& sink);
  [[nodiscard]] bool word_is_whole() const;
  Outcome resume_scalar(JsonSink& sink);
  Outcome settle_key(JsonField parent, std::string_view raw, const char* readable);
  Outcome settle_odd_key(JsonField parent, std::string_view key);
  Outcome settle_crossing(const char* run, const std::uint16_t* first, const std::uint16_t* token);
  Outcome tell_string(const char* quote, JsonSink& sink);
  Outcome tell_unwanted_string(const char* from, const char* quote, JsonSink& sink);
  Outcome tell(const JsonStep& step, JsonSink& sink) {
    if (sink.on_json(step)) [[likely]]
      return Outcome::go_on;
    state_ = State::failed;
    fault_ = {JsonError::stopped, step.begin, ""};
    return Outcome::ended;
  }
  Outcome fail(const char* p, JsonError error, const char* reason);
  Outcome check_text(std::string_view slice);

  [[nodiscard]] std::uint64_t at(const char* p) const {
    return base_ + static_cast<std::uint64_t>(p - begin_);
  }
  void keep_cut_string();
  [[nodiscard]] std::string_view raw_string(const char* quote);
  // What was copied may be read up to its end only; in the slice there is more.
  [[nodiscard]] const char* readable_behind(std::string_view raw) const {
    return raw.data() == copy_.data() ? raw.data() + raw.size() : end_;
  }

  const JsonFields* fields_ = nullptr;
  const char* begin_ = nullptr;  // of the slice
  const char* end_ = nullptr;
  std::uint64_t base_ = 0;         // offset of the slice in the text
  std::uint64_t token_begin_ = 0;  // of the string, number or word being walked
  std::uint64_t deepest_at_ = 0;
  std::uint64_t lost_at_ = kNowhere;
  // The last key whose value the run did not reach, for crossings.
  std::uint64_t key_begin_ = 0;  // its opening quote
  std::uint32_t key_size_ = 0;   // between its quotes
  // By depth: the container's field, and kObjectLevel where it is an object.
  std::array<std::uint8_t, kJsonTrackedDepthMax + 1> levels_{};
  // Deeper than that a bit per level: 1 is an object.
  std::array<std::uint64_t, kJsonDepthMax / 64> kinds_{};
  // The container that the walk is in, and its kind.
  const JsonPlace* place_ = &kOutside;
  bool object_ = false;
  JsonField field_ = kJsonRoot;  // of the value that comes next
  State state_ = State::value;
  std::uint8_t depth_ = 0;
  std::uint8_t depth_max_ = kJsonDepthMax;
  std::uint8_t depth_reached_ = 0;
  std::uint8_t skipped_depth_ = 0;  // brackets open within depth_ that are only counted
  bool empty_ = false;              // the container that closes next has nothing inside
  bool non_ascii_ = false;          // in an earlier slice
  bool contiguous_ = false;
  bool strict_ = false;
  bool refuse_ambiguous_ = false;
  bool may_be_odd_ = false;  // a key here, with escapes or, where that matters, beyond ASCII
  bool tell_unwanted_ = false;
  JsonType word_type_ = JsonType::null;
  std::uint8_t word_size_ = 0;  // how much of the word was seen
  std::uint8_t copy_size_ = 0;
  bool copy_short_ = false;  // the copy lacks some of the string
  Utf8Check utf8_;
  JsonNumber number_;
  JsonIndexState index_;
  JsonFault fault_;
  std::array<char, kJsonTextBytesMax> copy_{};  // the part of a cut string before this slice
};

}  // namespace headrace::policy
