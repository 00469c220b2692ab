#include "policy/json/json_walker.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/check.h"
#include "policy/json/json_string.h"

namespace headrace::policy {
namespace {

constexpr unsigned byte(char c) {
  return static_cast<unsigned char>(c);
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Bytes that may not follow a number or a literal directly: all but white space and tokens.
constexpr std::array<bool, 256> kJunk = [] {
  std::array<bool, 256> table{};
  table.fill(true);
  for (const char c : std::string_view(" \t\r\n{}[]:,\""))
    table[byte(c)] = false;
  return table;
}();

constexpr std::uint64_t kDigitsExact = 99'999'999'999'999'999;  // one digit more still fits

}  // namespace

void JsonWalker::start(const JsonFields& fields, const JsonWalkOptions& options) {
  HEADRACE_CHECK(options.depth_max >= 1);
  HEADRACE_CHECK(options.depth_max <= kJsonDepthMax);
  fields_ = &fields;
  begin_ = end_ = nullptr;
  base_ = 0;
  index_ = {};
  fault_ = {};
  empty_ = non_ascii_ = false;
  nodes_[0] = kJsonNoField;
  depth_ = 0;
  depth_max_ = static_cast<std::uint8_t>(options.depth_max);
  state_ = State::value;
  field_ = kJsonRoot;
  contiguous_ = options.contiguous;
  check_utf8_ = options.check_utf8;
  refuse_ambiguous_ = options.refuse_ambiguous_keys;
  utf8_ = {};
}

bool JsonWalker::complete() const {
  if (state_ == State::done) return true;
  if (depth_ != 0) return false;
  return state_ == State::number ? number_may_end() : state_ == State::literal && *literal_ == '\0';
}

JsonFault JsonWalker::walk(std::string_view slice, JsonSink& sink) {
  if (state_ == State::failed || slice.empty()) return fault_;
  begin_ = slice.data();
  end_ = begin_ + slice.size();
  std::array<std::uint16_t, kJsonRunTokensMax> offsets;
  Outcome outcome = resume_scalar(sink);
  for (const char* run = begin_; outcome == Outcome::go_on && run != end_;) {
    const std::size_t size = std::min(kJsonRunBytesMax, static_cast<std::size_t>(end_ - run));
    const JsonIndexState before = index_;
    std::size_t count = index_json(run, size, end_, index_, offsets.data());
    // What stands before a fault is judged first, another fault there included.
    for (JsonIndexState again = index_; again.fault != nullptr;) {
      index_.fault = again.fault;
      index_.fault_reason = again.fault_reason;
      again = before;
      const auto good = static_cast<std::size_t>(index_.fault - run);
      count = index_json(run, good, end_, again, offsets.data());
    }
    outcome = walk_run(run, offsets.data(), count, sink);
    if (outcome == Outcome::go_on && index_.fault != nullptr) {
      outcome = fail(index_.fault, JsonError::syntax, index_.fault_reason);
    }
    run += size;
  }
  if (outcome == Outcome::go_on) outcome = check_text(slice);
  if (outcome == Outcome::ended) return fault_;
  if (state_ == State::string && wanted_) keep_cut_string();
  base_ += slice.size();
  return {};
}

JsonWalker::Outcome JsonWalker::check_text(std::string_view slice) {
  // A slice counts too that holds only the rest of a character that the one before it began.
  if (!check_utf8_ || !(index_.non_ascii || utf8_.inside_character())) return Outcome::go_on;
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

inline void JsonWalker::open(bool object) {
  const unsigned level = depth_++;
  const std::uint64_t bit = std::uint64_t{1} << level % 64;
  std::uint64_t& kinds = kinds_[level / 64];
  kinds = object ? kinds | bit : kinds & ~bit;
  if (depth_ <= kJsonTrackedDepthMax) nodes_[depth_] = field_;
}

// At the end of a slice, amid a string that somebody may want.
void JsonWalker::keep_cut_string() {
  if (contiguous_) return;
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

// What stands between the quotes of the string that ends at `quote`.
inline std::string_view JsonWalker::raw_string(const char* quote) {
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

// Finds the field that a key leads to; `key` as it stands between its quotes.
inline JsonWalker::Outcome JsonWalker::settle_key(std::string_view key) {
  const JsonFields::Match match = fields_->find(node(), key);
  field_ = match.exact ? match.field : kJsonNoField;
  if (match.exact || !(index_.escapes || refuse_ambiguous_)) return Outcome::go_on;
  return settle_odd_key(key, match);
}

// A key that is not as the table has it: written with escapes, or in other letters, or unknown.
JsonWalker::Outcome JsonWalker::settle_odd_key(std::string_view key, JsonFields::Match match) {
  bool other_letters = index_.non_ascii || non_ascii_;
  std::array<char, kJsonKeyBytesMax + 1> decoded;
  if (index_.escapes && key.find('\\') != std::string_view::npos) {
    const JsonDecoded result = decode_json_string(key, decoded);
    if (!result.whole) return Outcome::go_on;
    key = result.text;
    other_letters = true;
    match = fields_->find(node(), key);
    if (match.exact) field_ = match.field;
  }
  if (!refuse_ambiguous_ || match.exact) return Outcome::go_on;
  std::array<char, kJsonKeyBytesMax + 1> folded;
  if (other_letters && match.field == kJsonNoField) {
    match = fields_->find(node(), fold_key(key, folded));
  }
  if (match.field == kJsonNoField) return Outcome::go_on;
  state_ = State::failed;
  fault_ = {JsonError::ambiguous_key, token_begin_,
            "differs in letter case only from a key that decides something"};
  return Outcome::ended;
}

inline JsonWalker::Outcome JsonWalker::tell_string(const char* quote, JsonSink& sink) {
  JsonStep step;
  step.type = JsonType::string;
  step.field = field_;
  step.begin = token_begin_;
  step.end = at(quote) + 1;
  step.text = raw_string(quote);
  step.truncated = copy_short_;
  std::array<char, kJsonTextBytesMax> decoded;
  if (index_.escapes && step.text.find('\\') != std::string_view::npos) {
    const JsonDecoded result = decode_json_string(step.text, decoded);
    step.text = result.text;
    step.truncated |= !result.whole;
    step.escaped = true;
  }
  return tell(step, sink);
}

bool JsonWalker::number_may_end() const {
  return number_ == Number::zero || number_ == Number::digits || number_ == Number::fraction ||
         number_ == Number::exponent;
}

// Walks on in a number. `p` comes back at the first byte behind it, or at the slice's end.
JsonWalker::Outcome JsonWalker::walk_number(const char*& p, JsonSink& sink) {
  for (; p != end_; ++p) {
    const char c = *p;
    Number next = number_;
    switch (number_) {
      case Number::minus:
        if (is_digit(c)) next = c == '0' ? Number::zero : Number::digits;
        digits_ = byte(c) - '0';
        break;
      case Number::digits:
        if (is_digit(c)) {
          integer_ &= digits_ <= kDigitsExact;
          digits_ = digits_ * 10 + (byte(c) - '0');
          continue;
        }
        [[fallthrough]];
      case Number::zero:
        if (c == '.') next = Number::point;
        if (c == 'e' || c == 'E') next = Number::e;
        break;
      case Number::point:
        if (is_digit(c)) next = Number::fraction;
        break;
      case Number::fraction:
        if (is_digit(c)) continue;
        if (c == 'e' || c == 'E') next = Number::e;
        break;
      case Number::e:
        if (c == '+' || c == '-') next = Number::e_sign;
        [[fallthrough]];
      case Number::e_sign:
        if (is_digit(c)) next = Number::exponent;
        break;
      case Number::exponent:
        if (is_digit(c)) continue;
        break;
    }
    if (next == number_) break;
    number_ = next;
  }
  if (p == end_) {
    state_ = State::number;
    return Outcome::go_on;
  }
  if (!number_may_end() || kJunk[byte(*p)]) return fail(p, JsonError::syntax, "not a number");
  state_ = State::after_value;
  if (field_ == kJsonNoField) return Outcome::go_on;
  JsonStep step;
  step.type = JsonType::number;
  step.field = field_;
  step.begin = token_begin_;
  step.end = at(p);
  step.integer = integer_ && (number_ == Number::zero || number_ == Number::digits);
  if (step.integer) {
    step.number =
        negative_ ? -static_cast<std::int64_t>(digits_) : static_cast<std::int64_t>(digits_);
  }
  return tell(step, sink);
}

JsonWalker::Outcome JsonWalker::walk_literal(const char*& p, JsonSink& sink) {
  for (; p != end_ && *literal_ != '\0'; ++p, ++literal_) {
    if (*p != *literal_) return fail(p, JsonError::syntax, "neither true, false nor null");
  }
  if (p == end_) {
    state_ = State::literal;
    return Outcome::go_on;
  }
  if (kJunk[byte(*p)]) return fail(p, JsonError::syntax, "neither true, false nor null");
  state_ = State::after_value;
  if (field_ == kJsonNoField) return Outcome::go_on;
  JsonStep step;
  step.type = literal_type_;
  step.field = field_;
  step.begin = token_begin_;
  step.end = at(p);
  return tell(step, sink);
}

// The index does not report the rest of a number or literal that the slices' border cut.
JsonWalker::Outcome JsonWalker::resume_scalar(JsonSink& sink) {
  const char* p = begin_;
  if (state_ == State::number) return walk_number(p, sink);
  if (state_ == State::literal) return walk_literal(p, sink);
  return Outcome::go_on;
}

JsonWalker::Outcome JsonWalker::walk_run(const char* run, const std::uint16_t* offsets,
                                         std::size_t count, JsonSink& sink) {
  const std::uint16_t* const end = offsets + count;
  State state = state_;
  while (offsets != end) {
    const char* p = run + *offsets;
    switch (state) {
      case State::first_key:
        if (*p == '}') {
          empty_ = true;
          state = State::after_value;
          continue;
        }
        [[fallthrough]];

      case State::key:
        if (*p != '"') return fail(p, JsonError::syntax, "a key in quotes must stand here");
        token_begin_ = at(p);
        key_ = true;
        wanted_ = node() != kJsonNoField;
        ++offsets;
        state = State::string;
        if (end - offsets < 2) continue;
        // Key and colon in one go, where they lie in one run.
        field_ = kJsonNoField;
        if (wanted_) {
          const std::string_view raw{p + 1, static_cast<std::size_t>(run + offsets[0] - p - 1)};
          if (settle_key(raw) == Outcome::ended) return Outcome::ended;
        }
        p = run + offsets[1];
        if (*p != ':') return fail(p, JsonError::syntax, "a colon must stand here");
        offsets += 2;
        state = State::value;
        continue;

      case State::colon:
        if (*p != ':') return fail(p, JsonError::syntax, "a colon must stand here");
        ++offsets;
        state = State::value;
        continue;

      case State::first_element:
        if (*p == ']') {
          empty_ = true;
          state = State::after_value;
          continue;
        }
        [[fallthrough]];

      case State::value:
        ++offsets;
        token_begin_ = at(p);
        switch (*p) {
          case '"':
            key_ = false;
            wanted_ = field_ != kJsonNoField;
            state = State::string;
            if (wanted_ || offsets == end) continue;
            ++offsets;
            state = State::after_value;
            continue;
          case '{':
          case '[': {
            if (depth_ == depth_max_) return fail(p, JsonError::too_deep, "nested too deeply");
            const bool object = *p == '{';
            const JsonField field = field_;
            open(object);
            state = object ? State::first_key : State::first_element;
            if (!object) field_ = element_field();
            if (field == kJsonNoField || !fields_->stops_at_container(field)) continue;
            JsonStep step;
            step.type = object ? JsonType::object : JsonType::array;
            step.field = field;
            step.begin = token_begin_;
            step.end = token_begin_ + 1;
            if (tell(step, sink) == Outcome::ended) return Outcome::ended;
            continue;
          }
          case 't':
            literal_ = "true";
            literal_type_ = JsonType::boolean_true;
            break;
          case 'f':
            literal_ = "false";
            literal_type_ = JsonType::boolean_false;
            break;
          case 'n':
            literal_ = "null";
            literal_type_ = JsonType::null;
            break;
          default:
            negative_ = *p == '-';
            if (!negative_ && !is_digit(*p)) {
              return fail(p, JsonError::syntax, "a value must stand here");
            }
            number_ = Number::minus;
            integer_ = true;
            if (negative_) ++p;
            if (walk_number(p, sink) == Outcome::ended) return Outcome::ended;
            state = state_;
            continue;
        }
        if (walk_literal(p, sink) == Outcome::ended) return Outcome::ended;
        state = state_;
        continue;

      case State::string:
        // The next token within a string is its closing quote.
        ++offsets;
        if (key_) {
          state = State::colon;
          field_ = kJsonNoField;
          if (!wanted_) continue;
          const std::string_view raw = raw_string(p);
          if (!copy_short_ && settle_key(raw) == Outcome::ended) return Outcome::ended;
        } else {
          state = State::after_value;
          if (wanted_ && tell_string(p, sink) == Outcome::ended) return Outcome::ended;
        }
        continue;

      case State::after_value: {
        if (depth_ == 0) return fail(p, JsonError::trailing, "more stands behind the JSON value");
        const bool object = in_object();
        ++offsets;
        if (*p == ',') {
          state = object ? State::key : State::value;
          if (!object) field_ = element_field();
          continue;
        }
        if (*p != (object ? '}' : ']')) {
          return fail(p, JsonError::syntax,
                      object ? "a comma or } must stand here" : "a comma or ] must stand here");
        }
        const JsonField closed = node();
        const bool empty = std::exchange(empty_, false);
        --depth_;
        state = State::after_value;
        if (closed == kJsonNoField || !fields_->stops_at_container(closed)) continue;
        JsonStep step;
        step.kind = JsonStep::Kind::close;
        step.type = object ? JsonType::object : JsonType::array;
        step.field = closed;
        step.empty = empty;
        step.begin = step.end = at(p + 1);
        if (tell(step, sink) == Outcome::ended) return Outcome::ended;
        continue;
      }

      case State::done:
        return fail(p, JsonError::trailing, "more stands behind the JSON value");

      case State::number:
      case State::literal:
        // Both lie whole in the slice or end it: no token can stand behind their beginning.
      case State::failed:
        return fail(p, JsonError::syntax, "the walk is over");
    }
  }
  state_ = state == State::after_value && depth_ == 0 ? State::done : state;
  return Outcome::go_on;
}

}  // namespace headrace::policy
