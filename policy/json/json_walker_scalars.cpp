// Strings, numbers and words of the walk; see json_walker.h.
#include <algorithm>
#include <array>
#include <cstring>

#include "core/ascii.h"
#include "policy/json/json_odd_text.h"
#include "policy/json/json_scalar_bytes.h"
#include "policy/json/json_string.h"
#include "policy/json/json_walker.h"

namespace headrace::policy {
namespace {

constexpr std::ptrdiff_t kPlainDigitsMax = 18;

using core::is_digit;

constexpr std::string_view word_of(JsonType type) {
  return type == JsonType::boolean_true    ? "true"
         : type == JsonType::boolean_false ? "false"
                                           : "null";
}

constexpr const char* kBadWord = "neither true, false nor null";

}  // namespace

// --- Strings

// What stands between the quotes of the string that ends at `quote`; copy_short_: not all of it.
std::string_view JsonWalker::raw_string(const char* quote) {
  if (token_begin_ >= base_ || contiguous_) {
    copy_short_ = false;
    const std::uint64_t size = at(quote) - token_begin_ - 1;
    return {quote - size, static_cast<std::size_t>(size)};
  }
  const auto size = static_cast<std::size_t>(quote - begin_);
  const std::size_t fits = std::min(size, copy_.size() - copy_size_);
  std::memcpy(copy_.data() + copy_size_, begin_, fits);
  copy_short_ |= fits < size;
  return {copy_.data(), copy_size_ + fits};
}

// A key that is not as the table has it: written with escapes, or in other letters, or unknown.
JsonWalker::Outcome JsonWalker::settle_odd_key(JsonField parent, std::string_view key) {
  const std::uint64_t begin = key.data() == copy_.data() ? token_begin_ : at(key.data() - 1);
  bool other_letters = index_.non_ascii || non_ascii_;
  std::array<char, kJsonKeyBytesMax + 1> decoded;
  if (index_.escapes && key.find('\\') != std::string_view::npos) {
    const JsonDecoded result = decode_json_string(key, decoded);
    if (!result.whole) {
      field_ = fields_->other(parent);
      return Outcome::go_on;
    }
    key = result.text;
    other_letters = true;
    field_ = fields_->find(parent, key, key.data() + key.size());
    if (field_ != kJsonNoField) return Outcome::go_on;
  }
  field_ = fields_->other(parent);
  if (!refuse_ambiguous_) return Outcome::go_on;
  std::array<char, kJsonKeyBytesMax + 1> folded;
  if (!fields_->resembles(parent, key) &&
      !(other_letters && fields_->resembles(parent, fold_key(key, folded)))) {
    return Outcome::go_on;
  }
  state_ = State::failed;
  fault_ = {JsonError::ambiguous_key, begin,
            "differs in letter case only from a key that decides something"};
  return Outcome::ended;
}

// The string whose closing quote this is.
JsonWalker::Outcome JsonWalker::tell_string(const char* quote, JsonSink& sink) {
  const std::string_view raw = raw_string(quote);
  JsonStep step;
  step.type = JsonType::string;
  step.field = field_;
  step.begin = token_begin_;
  step.end = at(quote) + 1;
  step.text = raw;
  step.truncated = copy_short_;
  std::array<char, kJsonTextBytesMax> decoded;
  if (index_.escapes && has_escape(raw, readable_behind(raw))) {
    const JsonDecoded result = decode_json_string(raw, decoded);
    step.text = result.text;
    step.truncated |= !result.whole;
    step.escaped = true;
  }
  return tell(step, sink);
}

JsonWalker::Outcome JsonWalker::tell_unwanted_string(const char* from, const char* quote,
                                                     JsonSink& sink) {
  JsonStep step;
  step.type = JsonType::string;
  step.begin = at(from);
  step.end = at(quote) + 1;
  return tell(step, sink);
}

// --- Numbers and words

bool JsonWalker::word_is_whole() const {
  return word_size_ == word_of(word_type_).size();
}

JsonWalker::Outcome JsonWalker::tell_number(const char* p, bool integer, std::int64_t number,
                                            JsonSink& sink) {
  state_ = State::after_value;
  if (field_ == kJsonNoField) return Outcome::go_on;
  JsonStep step;
  step.type = JsonType::number;
  step.field = field_;
  step.begin = token_begin_;
  step.end = at(p);
  step.integer = integer;
  step.number = integer ? number : 0;
  return tell(step, sink);
}

JsonWalker::Outcome JsonWalker::walk_number(const char* p, JsonSink& sink) {
  p = number_.walk(p, end_);
  if (p == end_) {
    state_ = State::number;
    return Outcome::go_on;
  }
  if (!number_.may_end() || is_json_scalar(*p)) {
    return fail(p, JsonError::syntax, "not a number");
  }
  return tell_number(p, number_.is_integer(), number_.integer(), sink);
}

JsonWalker::Outcome JsonWalker::tell_word(const char* p, JsonSink& sink) {
  state_ = State::after_value;
  if (field_ == kJsonNoField) return Outcome::go_on;
  JsonStep step;
  step.type = word_type_;
  step.field = field_;
  step.begin = token_begin_;
  step.end = at(p);
  return tell(step, sink);
}

JsonWalker::Outcome JsonWalker::walk_word(const char* p, JsonSink& sink) {
  const std::string_view word = word_of(word_type_);
  for (; p != end_ && word_size_ != word.size(); ++p, ++word_size_) {
    if (*p != word[word_size_]) return fail(p, JsonError::syntax, kBadWord);
  }
  if (p == end_) {
    state_ = State::word;
    return Outcome::go_on;
  }
  if (is_json_scalar(*p)) return fail(p, JsonError::syntax, kBadWord);
  return tell_word(p, sink);
}

// A value that is neither string nor container, from its first byte on.
JsonWalker::Outcome JsonWalker::walk_scalar(const char* p, JsonSink& sink) {
  switch (*p) {
    case 't':
      word_type_ = JsonType::boolean_true;
      break;
    case 'f':
      word_type_ = JsonType::boolean_false;
      break;
    case 'n':
      word_type_ = JsonType::null;
      break;
    default:
      return begin_number(p, sink);
  }
  // Nearly always it lies whole in the slice.
  const std::string_view word = word_of(word_type_);
  if (static_cast<std::size_t>(end_ - p) > word.size() &&
      std::memcmp(p, word.data(), word.size()) == 0 && !is_json_scalar(p[word.size()])) {
    return tell_word(p + word.size(), sink);
  }
  word_size_ = 0;
  return walk_word(p, sink);
}

JsonWalker::Outcome JsonWalker::begin_number(const char* p, JsonSink& sink) {
  if (*p != '-' && !is_digit(*p)) return fail(p, JsonError::syntax, "a value must stand here");
  // Nearly always it is a small count that lies whole in the slice.
  std::int64_t count = 0;
  const char* behind = p;
  const char* const far = end_ - p > kPlainDigitsMax ? p + kPlainDigitsMax : end_;
  for (; behind != far && is_digit(*behind); ++behind)
    count = count * 10 + (*behind - '0');
  if (behind != end_ && !is_json_scalar(*behind) && (*p != '0' || behind == p + 1)) {
    return tell_number(behind, true, count, sink);
  }
  number_.start();
  return walk_number(p, sink);
}

// The index does not report the rest of a number or word that the slices' border cut.
JsonWalker::Outcome JsonWalker::resume_scalar(JsonSink& sink) {
  if (state_ == State::number) return walk_number(begin_, sink);
  if (state_ == State::word) return walk_word(begin_, sink);
  return Outcome::go_on;
}

}  // namespace headrace::policy
