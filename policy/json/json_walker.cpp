#include "policy/json/json_walker.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/check.h"
#include "policy/json/json_string.h"

namespace headrace::policy {
namespace {

constexpr std::ptrdiff_t kPlainDigitsMax = 18;

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr unsigned byte(char c) {
  return static_cast<unsigned char>(c);
}

// Bytes that are neither white space nor tokens: what numbers and words are made of, and junk.
constexpr std::array<bool, 256> kScalar = [] {
  std::array<bool, 256> table{};
  table.fill(true);
  for (const char c : std::string_view(" \t\r\n{}[]:,\""))
    table[byte(c)] = false;
  return table;
}();

constexpr std::string_view word_of(JsonType type) {
  return type == JsonType::boolean_true    ? "true"
         : type == JsonType::boolean_false ? "false"
                                           : "null";
}

constexpr const char* kBadWord = "neither true, false nor null";

}  // namespace

void JsonWalker::start(const JsonFields& fields, const JsonWalkOptions& options) {
  HEADRACE_CHECK(options.depth_max >= 1);
  HEADRACE_CHECK(options.depth_max <= kJsonDepthMax);
  fields_ = &fields;
  begin_ = end_ = nullptr;
  base_ = 0;
  node_ = kJsonNoField;
  element_ = field_ = kJsonRoot;
  object_ = false;
  state_ = State::value;
  depth_ = 0;
  depth_max_ = static_cast<std::uint8_t>(options.depth_max);
  empty_ = non_ascii_ = false;
  contiguous_ = options.contiguous;
  strict_ = options.strict;
  refuse_ambiguous_ = options.refuse_ambiguous_keys;
  utf8_ = {};
  index_ = {};
  fault_ = {};
}

bool JsonWalker::complete() const {
  if (depth_ != 0) return false;
  switch (state_) {
    case State::after_value:
      return true;
    case State::number:
      return number_.may_end();
    case State::word:
      return word_size_ == word_of(word_type_).size();
    default:
      return false;
  }
}

JsonFault JsonWalker::walk(std::string_view slice, JsonSink& sink) {
  if (state_ == State::failed || slice.empty()) return fault_;
  begin_ = slice.data();
  end_ = begin_ + slice.size();
  std::array<std::uint16_t, kJsonRunTokensMax> offsets;
  Outcome outcome = resume_scalar(sink);
  for (const char* run = begin_; outcome == Outcome::go_on && run != end_;) {
    const std::size_t size = std::min(kJsonRunBytesMax, static_cast<std::size_t>(end_ - run));
    const std::size_t count = index_run(run, size, offsets.data());
    outcome = walk_tokens(run, offsets.data(), offsets.data() + count, sink);
    if (outcome == Outcome::go_on && index_.fault != nullptr) {
      outcome = fail(index_.fault, JsonError::syntax, index_.fault_reason);
    }
    run += size;
  }
  if (outcome == Outcome::go_on) outcome = check_text(slice);
  if (outcome == Outcome::ended) return fault_;
  keep_cut_string();
  base_ += slice.size();
  return {};
}

// The tokens of a run, up to a fault that no token shows.
std::size_t JsonWalker::index_run(const char* run, std::size_t size, std::uint16_t* offsets) {
  const JsonIndexState before = index_;
  std::size_t count = index_json(run, size, end_, index_, offsets);
  // What stands before a fault is judged first, another fault there included.
  for (JsonIndexState again = index_; again.fault != nullptr;) [[unlikely]] {
    index_.fault = again.fault;
    index_.fault_reason = again.fault_reason;
    again = before;
    const auto good = static_cast<std::size_t>(index_.fault - run);
    count = index_json(run, good, end_, again, offsets);
  }
  return count;
}

JsonWalker::Outcome JsonWalker::check_text(std::string_view slice) {
  // A slice counts too that holds only the rest of a character that the one before it began.
  if (!strict_ || !(index_.non_ascii || utf8_.inside_character())) return Outcome::go_on;
  non_ascii_ = true;
  index_.non_ascii = false;
  const auto wrong = utf8_.feed(slice);
  if (!wrong) return Outcome::go_on;
  return fail(begin_ + *wrong, JsonError::invalid_utf8, "not UTF-8");
}

JsonWalker::Outcome JsonWalker::fail(const char* p, JsonError error, const char* reason) {
  state_ = State::failed;
  fault_ = {error, at(p), reason};
  return Outcome::ended;
}

inline JsonWalker::Outcome JsonWalker::tell(const JsonStep& step, JsonSink& sink) {
  if (sink.on_json(step)) [[likely]]
    return Outcome::go_on;
  state_ = State::failed;
  fault_ = {JsonError::stopped, step.begin, ""};
  return Outcome::ended;
}

// --- Strings

// At the end of a slice, amid a string that somebody may want.
void JsonWalker::keep_cut_string() {
  const bool wanted = state_ == State::in_key ? node_ != kJsonNoField : field_ != kJsonNoField;
  if ((state_ != State::in_key && state_ != State::in_string) || contiguous_ || !wanted) return;
  const bool begins_here = token_begin_ >= base_;
  const char* const from = begins_here ? begin_ + (token_begin_ - base_) + 1 : begin_;
  if (begins_here) {
    copy_size_ = 0;
    copy_short_ = false;
  }
  const auto size = static_cast<std::size_t>(end_ - from);
  const std::size_t fits = std::min(size, copy_.size() - copy_size_);
  std::memcpy(copy_.data() + copy_size_, from, fits);
  copy_size_ = static_cast<std::uint8_t>(copy_size_ + fits);
  copy_short_ |= fits < size;
}

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

// Finds the field that a key leads to; `raw` as it stands between its quotes.
inline JsonWalker::Outcome JsonWalker::settle_key(std::string_view raw) {
  // What was copied may be read up to its end only; in the slice there is more.
  const bool copied = raw.data() == copy_.data();
  field_ = fields_->find(node_, raw, copied ? raw.data() + raw.size() : end_);
  if (field_ != kJsonNoField || !(index_.escapes || refuse_ambiguous_)) return Outcome::go_on;
  return settle_odd_key(raw);
}

// A key that is not as the table has it: written with escapes, or in other letters, or unknown.
JsonWalker::Outcome JsonWalker::settle_odd_key(std::string_view key) {
  bool other_letters = index_.non_ascii || non_ascii_;
  std::array<char, kJsonKeyBytesMax + 1> decoded;
  if (index_.escapes && key.find('\\') != std::string_view::npos) {
    const JsonDecoded result = decode_json_string(key, decoded);
    if (!result.whole) return Outcome::go_on;
    key = result.text;
    other_letters = true;
    field_ = fields_->find(node_, key, key.data() + key.size());
  }
  if (!refuse_ambiguous_ || field_ != kJsonNoField) return Outcome::go_on;
  std::array<char, kJsonKeyBytesMax + 1> folded;
  if (!fields_->resembles(node_, key) &&
      !(other_letters && fields_->resembles(node_, fold_key(key, folded)))) {
    return Outcome::go_on;
  }
  state_ = State::failed;
  fault_ = {JsonError::ambiguous_key, token_begin_,
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
  if (index_.escapes && raw.find('\\') != std::string_view::npos) {
    const JsonDecoded result = decode_json_string(raw, decoded);
    step.text = result.text;
    step.truncated |= !result.whole;
    step.escaped = true;
  }
  return tell(step, sink);
}

// --- Numbers and words

inline JsonWalker::Outcome JsonWalker::tell_number(const char* p, bool integer, std::int64_t number,
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
  if (!number_.may_end() || kScalar[byte(*p)]) {
    return fail(p, JsonError::syntax, "not a number");
  }
  return tell_number(p, number_.is_integer(), number_.integer(), sink);
}

inline JsonWalker::Outcome JsonWalker::tell_word(const char* p, JsonSink& sink) {
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
  if (kScalar[byte(*p)]) return fail(p, JsonError::syntax, kBadWord);
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
      std::memcmp(p, word.data(), word.size()) == 0 && !kScalar[byte(p[word.size()])]) {
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
  if (behind != end_ && !kScalar[byte(*behind)] && (*p != '0' || behind == p + 1)) {
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

// --- Containers

// Takes up the fields and kind of the container at depth_.
inline void JsonWalker::enter_container() {
  if (depth_ == 0) {
    object_ = false;
    node_ = element_ = kJsonNoField;
    return;
  }
  const unsigned level = depth_ - 1U;
  object_ = (kinds_[level / 64] >> level % 64 & 1U) != 0;
  node_ = depth_ <= kJsonTrackedDepthMax ? nodes_[depth_] : kJsonNoField;
  element_ = node_ != kJsonNoField ? fields_->element(node_) : kJsonNoField;
}

inline JsonWalker::Outcome JsonWalker::open_container(const char* p, bool object, JsonSink& sink) {
  if (depth_ == depth_max_) return fail(p, JsonError::too_deep, "nested too deeply");
  const JsonField field = field_;
  const unsigned level = depth_++;
  const std::uint64_t bit = std::uint64_t{1} << level % 64;
  std::uint64_t& kinds = kinds_[level / 64];
  kinds = object ? kinds | bit : kinds & ~bit;
  if (depth_ <= kJsonTrackedDepthMax) nodes_[depth_] = field;
  enter_container();
  field_ = element_;
  if (field == kJsonNoField || !fields_->stops_at_container(field)) return Outcome::go_on;
  JsonStep step;
  step.type = object ? JsonType::object : JsonType::array;
  step.field = field;
  step.begin = at(p);
  step.end = step.begin + 1;
  return tell(step, sink);
}

inline JsonWalker::Outcome JsonWalker::close_container(const char* p, JsonSink& sink) {
  const JsonField closed = node_;
  JsonStep step;
  step.kind = JsonStep::Kind::close;
  step.type = object_ ? JsonType::object : JsonType::array;
  step.empty = std::exchange(empty_, false);
  --depth_;
  enter_container();
  if (closed == kJsonNoField || !fields_->stops_at_container(closed)) return Outcome::go_on;
  step.field = closed;
  step.begin = step.end = at(p) + 1;
  return tell(step, sink);
}

// --- Tokens

// The states of the walk as places in one function, each moving on to the next without a detour:
// this is the innermost loop of the data plane. When the run's tokens end, the state is kept.
JsonWalker::Outcome JsonWalker::walk_tokens(const char* run, const std::uint16_t* token,
                                            const std::uint16_t* end, JsonSink& sink) {
  const char* p = nullptr;
  const auto keep = [this](State state) {
    state_ = state;
    return Outcome::go_on;
  };
  switch (state_) {
    case State::value:
      goto value;
    case State::first_element:
      goto first_element;
    case State::first_key:
      goto first_key;
    case State::key:
      goto key;
    case State::in_key:
      goto in_key;
    case State::colon:
      goto colon;
    case State::in_string:
      goto in_string;
    case State::after_value:
      goto after_value;
    case State::number:
    case State::word:
    case State::failed:
      // A number or word that is not over reaches to the slice's end: no token stands behind it.
      return keep(state_);
  }

first_key:
  if (token == end) return keep(State::first_key);
  if (run[*token] == '}') {
    ++token;
    empty_ = true;
    goto close;
  }

key:
  if (token == end) return keep(State::key);
  p = run + *token++;
  if (*p != '"') return fail(p, JsonError::syntax, "a key in quotes must stand here");
  token_begin_ = at(p);
  field_ = kJsonNoField;

in_key:
  // The next token within a string is its closing quote.
  if (token == end) return keep(State::in_key);
  p = run + *token++;
  if (node_ != kJsonNoField) {
    const std::string_view raw = raw_string(p);
    if (!copy_short_ && settle_key(raw) == Outcome::ended) return Outcome::ended;
  }

colon:
  if (token == end) return keep(State::colon);
  p = run + *token++;
  if (*p != ':') return fail(p, JsonError::syntax, "a colon must stand here");
  goto value;

first_element:
  if (token == end) return keep(State::first_element);
  if (run[*token] == ']') {
    ++token;
    empty_ = true;
    goto close;
  }

value:
  if (token == end) return keep(State::value);
  p = run + *token++;
  switch (*p) {
    case '"':
      token_begin_ = at(p);
      goto in_string;
    case '{':
      if (open_container(p, true, sink) == Outcome::ended) return Outcome::ended;
      goto first_key;
    case '[':
      if (open_container(p, false, sink) == Outcome::ended) return Outcome::ended;
      goto first_element;
    default:
      break;
  }
  if (strict_ || field_ != kJsonNoField || !kScalar[byte(*p)]) {
    token_begin_ = at(p);
    if (walk_scalar(p, sink) == Outcome::ended) return Outcome::ended;
    // Cut by the slice's end, it was the last token.
    if (state_ != State::after_value) return Outcome::go_on;
  }
  goto after_value;

in_string:
  if (token == end) return keep(State::in_string);
  p = run + *token++;
  if (field_ != kJsonNoField && tell_string(p, sink) == Outcome::ended) return Outcome::ended;

after_value:
  if (token == end) return keep(State::after_value);
  p = run + *token++;
  if (*p == ',' && depth_ != 0) {
    field_ = element_;
    if (object_) goto key;
    goto value;
  }
  if (depth_ == 0) return fail(p, JsonError::trailing, "more stands behind the JSON value");
  if (*p != (object_ ? '}' : ']')) {
    return fail(p, JsonError::syntax,
                object_ ? "a comma or } must stand here" : "a comma or ] must stand here");
  }

close:
  if (close_container(run + token[-1], sink) == Outcome::ended) return Outcome::ended;
  goto after_value;
}

}  // namespace headrace::policy
