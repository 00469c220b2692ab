#include "policy/json/json_walker.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/check.h"
#include "policy/json/plain_run.h"

namespace headrace::policy {
namespace {

constexpr std::uint8_t kNotHex = 0xFF;

// Value of a hex digit, or kNotHex.
constexpr std::array<std::uint8_t, 256> kHexValue = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(kNotHex);
  for (unsigned i = 0; i < 10; ++i)
    table['0' + i] = static_cast<std::uint8_t>(i);
  for (unsigned i = 0; i < 6; ++i) {
    table['a' + i] = table['A' + i] = static_cast<std::uint8_t>(10 + i);
  }
  return table;
}();

// What `\` and this character stand for; 'u' for \u, 0 for what JSON does not have.
constexpr std::array<char, 256> kEscape = [] {
  std::array<char, 256> table{};
  table['"'] = '"';
  table['\\'] = '\\';
  table['/'] = '/';
  table['b'] = '\b';
  table['f'] = '\f';
  table['n'] = '\n';
  table['r'] = '\r';
  table['t'] = '\t';
  table['u'] = 'u';
  return table;
}();

constexpr unsigned byte(char c) {
  return static_cast<unsigned char>(c);
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

inline const char* skip_space(const char* p, const char* end) {
  while (p != end && is_space(*p))
    ++p;
  return p;
}

// Passes the escapes that stand whole in [p, end) one after the other; stops at the first byte
// that is none, or whose end is not in sight. Null: an escape that JSON does not have.
inline const char* skip_escapes(const char* p, const char* end) {
  while (end - p >= 6 && *p == '\\') {
    const char kind = kEscape[byte(p[1])];
    if (kind == 'u') {
      const unsigned digits = kHexValue[byte(p[2])] | kHexValue[byte(p[3])] |
                              kHexValue[byte(p[4])] | kHexValue[byte(p[5])];
      if (digits == kNotHex) return nullptr;
      p += 6;
    } else {
      if (kind == 0) return nullptr;
      p += 2;
    }
  }
  return p;
}

}  // namespace

void JsonWalker::start(const JsonFields& fields, const JsonWalkOptions& options) {
  HEADRACE_CHECK(options.depth_max >= 1);
  HEADRACE_CHECK(options.depth_max <= kJsonDepthMax);
  fields_ = &fields;
  begin_ = cursor_ = end_ = nullptr;
  base_ = 0;
  depth_ = 0;
  nodes_[0] = kJsonNoField;
  state_ = State::value;
  field_ = kJsonRoot;
  depth_max_ = static_cast<std::uint8_t>(options.depth_max);
  check_utf8_ = options.check_utf8;
  refuse_ambiguous_ = options.refuse_ambiguous_keys;
  non_ascii_ = false;
  utf8_ = {};
}

void JsonWalker::feed(std::string_view slice) {
  base_ = offset();
  begin_ = cursor_ = slice.data();
  end_ = begin_ + slice.size();
}

bool JsonWalker::complete() const {
  return state_ == State::done || (state_ == State::number && depth_ == 0 && number_may_end());
}

// Ends a step at the end of a slice, or at the end of the text.
JsonStep JsonWalker::pause(const char* p, State state) {
  // A character may be cut by the slices' border, so a slice counts too that holds only its rest.
  if (check_utf8_ && (non_ascii_ || utf8_.inside_character())) {
    non_ascii_ = false;
    const std::string_view walked{begin_, static_cast<std::size_t>(p - begin_)};
    if (const auto wrong = utf8_.feed(walked)) {
      return fail(begin_ + *wrong, JsonError::invalid_utf8, "not UTF-8");
    }
  }
  cursor_ = p;
  state_ = state;
  return {};
}

JsonStep JsonWalker::fail(const char* p, JsonError error, const char* reason) {
  cursor_ = p;
  state_ = State::failed;
  JsonStep step;
  step.kind = JsonStep::Kind::error;
  step.error = error;
  step.begin = step.end = at(p);
  step.reason = reason;
  return step;
}

inline JsonStep JsonWalker::emit(JsonType type, const char* p) {
  cursor_ = p;
  state_ = State::after_value;
  JsonStep step;
  step.kind = JsonStep::Kind::field;
  step.type = type;
  step.field = field_;
  step.begin = token_begin_;
  step.end = at(p);
  return step;
}

inline void JsonWalker::open(bool object) {
  const unsigned level = depth_++;
  const std::uint64_t bit = std::uint64_t{1} << level % 64;
  std::uint64_t& kinds = kinds_[level / 64];
  kinds = object ? kinds | bit : kinds & ~bit;
  if (depth_ <= kJsonTrackedDepthMax) nodes_[depth_] = field_;
}

inline JsonField JsonWalker::element_field() const {
  const JsonField parent = node();
  return parent != kJsonNoField ? fields_->element(parent) : kJsonNoField;
}

inline void JsonWalker::begin_string(const char* p, bool key, bool wanted) {
  token_begin_ = at(p);
  key_ = key;
  wanted_ = wanted;
  copied_ = escaped_ = truncated_ = false;
  text_size_ = 0;
  high_surrogate_ = 0;
}

// Keeps text that will not be there, or not as it stands, when the string ends.
void JsonWalker::capture(const char* from, const char* to) {
  copied_ = true;
  const auto size = static_cast<std::size_t>(to - from);
  if (size == 0) return;
  if (high_surrogate_ != 0) truncated_ = true;
  high_surrogate_ = 0;
  const std::size_t fits = std::min(size, copy_.size() - text_size_);
  std::memcpy(copy_.data() + text_size_, from, fits);
  text_size_ = static_cast<std::uint8_t>(text_size_ + fits);
  truncated_ |= fits < size;
}

void JsonWalker::capture_character(std::uint32_t character) {
  if (high_surrogate_ != 0) {
    if (character >= 0xDC00 && character <= 0xDFFF) {
      character = 0x10000 + ((high_surrogate_ - 0xD800U) << 10) + (character - 0xDC00);
    } else {
      truncated_ = true;
    }
    high_surrogate_ = 0;
  }
  if (character >= 0xD800 && character <= 0xDBFF) {
    high_surrogate_ = static_cast<std::uint16_t>(character);
    return;
  }
  if (character >= 0xDC00 && character <= 0xDFFF) {
    truncated_ = true;
    return;
  }
  std::array<char, 4> bytes{};
  std::size_t size = 0;
  const auto tail = [&](unsigned shift) {
    bytes[size++] = static_cast<char>(0x80 | (character >> shift & 0x3F));
  };
  if (character < 0x80) {
    bytes[size++] = static_cast<char>(character);
  } else if (character < 0x800) {
    bytes[size++] = static_cast<char>(0xC0 | character >> 6);
    tail(0);
  } else if (character < 0x10000) {
    bytes[size++] = static_cast<char>(0xE0 | character >> 12);
    tail(6);
    tail(0);
  } else {
    bytes[size++] = static_cast<char>(0xF0 | character >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
  capture(bytes.data(), bytes.data() + size);
}

// The string's text, whose last run is [run, quote).
inline std::string_view JsonWalker::string_text(const char* run, const char* quote) {
  if (!copied_) return {run, static_cast<std::size_t>(quote - run)};
  capture(run, quote);
  truncated_ |= high_surrogate_ != 0;
  return {copy_.data(), text_size_};
}

// Finds the field that a key leads to. False: ambiguous, and that is to be refused.
bool JsonWalker::settle_key(std::string_view key) {
  if (truncated_) {
    field_ = kJsonNoField;
    return true;
  }
  JsonFields::Match match = fields_->find(node(), key);
  field_ = match.exact ? match.field : kJsonNoField;
  if (!refuse_ambiguous_ || match.exact) return true;
  if (match.field == kJsonNoField &&
      std::ranges::any_of(key, [](char c) { return byte(c) > 0x7F; })) {
    std::array<char, kJsonKeyBytesMax + 1> folded;
    match = fields_->find(node(), fold_key(key, folded));
  }
  return match.field == kJsonNoField;
}

inline void JsonWalker::begin_number(const char* p) {
  token_begin_ = at(p);
  number_ = Number::minus;
  digits_ = 0;
  negative_ = *p == '-';
  integer_ = true;
}

bool JsonWalker::number_may_end() const {
  return number_ == Number::zero || number_ == Number::digits || number_ == Number::fraction ||
         number_ == Number::exponent;
}

// Walks on in a number until a byte that is none of it.
inline const char* JsonWalker::number_run(const char* p) {
  for (; p != end_; ++p) {
    const char c = *p;
    switch (number_) {
      case Number::minus:
        if (!is_digit(c)) return p;
        number_ = c == '0' ? Number::zero : Number::digits;
        digits_ = byte(c) - '0';
        continue;
      case Number::digits:
        if (is_digit(c)) {
          // Beyond 18 digits the count is not exact any more; what is wanted is far below.
          if (digits_ > 99'999'999'999'999'999) integer_ = false;
          digits_ = digits_ * 10 + (byte(c) - '0');
          continue;
        }
        [[fallthrough]];
      case Number::zero:
        if (c == '.') {
          number_ = Number::point;
        } else if (c == 'e' || c == 'E') {
          number_ = Number::e;
        } else {
          return p;
        }
        integer_ = false;
        continue;
      case Number::point:
        if (!is_digit(c)) return p;
        number_ = Number::fraction;
        continue;
      case Number::fraction:
        if (is_digit(c)) continue;
        if (c != 'e' && c != 'E') return p;
        number_ = Number::e;
        continue;
      case Number::e:
        if (c == '+' || c == '-') {
          number_ = Number::e_sign;
          continue;
        }
        [[fallthrough]];
      case Number::e_sign:
        if (!is_digit(c)) return p;
        number_ = Number::exponent;
        continue;
      case Number::exponent:
        if (!is_digit(c)) return p;
        continue;
    }
  }
  return p;
}

JsonStep JsonWalker::next() {
  const char* p = cursor_;
  State state = state_;
  for (;;) {
    switch (state) {
      case State::first_key:
        p = skip_space(p, end_);
        if (p == end_) return pause(p, state);
        if (*p == '}') {
          state = State::after_value;
          continue;
        }
        [[fallthrough]];

      case State::key:
        p = skip_space(p, end_);
        if (p == end_) return pause(p, state);
        if (*p != '"') return fail(p, JsonError::syntax, "a key in quotes must stand here");
        begin_string(p, true, node() != kJsonNoField);
        ++p;
        state = State::string;
        continue;

      case State::colon:
        p = skip_space(p, end_);
        if (p == end_) return pause(p, state);
        if (*p != ':') return fail(p, JsonError::syntax, "a colon must stand here");
        ++p;
        state = State::value;
        continue;

      case State::first_element:
        p = skip_space(p, end_);
        if (p == end_) return pause(p, state);
        if (*p == ']') {
          state = State::after_value;
          continue;
        }
        [[fallthrough]];

      case State::value:
        p = skip_space(p, end_);
        if (p == end_) return pause(p, state);
        switch (*p) {
          case '"':
            begin_string(p, false, field_ != kJsonNoField);
            ++p;
            state = State::string;
            continue;
          case '{':
          case '[': {
            if (depth_ == depth_max_) return fail(p, JsonError::too_deep, "nested too deeply");
            const bool object = *p == '{';
            token_begin_ = at(p);
            ++p;
            open(object);
            const JsonField field = field_;
            state = object ? State::first_key : State::first_element;
            if (!object) field_ = element_field();
            if (field == kJsonNoField) continue;
            JsonStep step = emit(object ? JsonType::object : JsonType::array, p);
            step.field = field;
            state_ = state;
            return step;
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
            if (*p != '-' && !is_digit(*p)) {
              return fail(p, JsonError::syntax, "a value must stand here");
            }
            begin_number(p);
            if (negative_) ++p;
            state = State::number;
            continue;
        }
        token_begin_ = at(p);
        state = State::literal;
        continue;

      case State::literal:
        while (p != end_ && *literal_ != '\0') {
          if (*p != *literal_) return fail(p, JsonError::syntax, "neither true, false nor null");
          ++p;
          ++literal_;
        }
        if (*literal_ != '\0') return pause(p, state);
        if (field_ != kJsonNoField) return emit(literal_type_, p);
        state = State::after_value;
        continue;

      case State::number: {
        p = number_run(p);
        if (p == end_) return pause(p, state);
        if (!number_may_end()) return fail(p, JsonError::syntax, "not a number");
        state = State::after_value;
        if (field_ == kJsonNoField) continue;
        JsonStep step = emit(JsonType::number, p);
        step.integer = integer_;
        if (integer_) {
          step.number =
              negative_ ? -static_cast<std::int64_t>(digits_) : static_cast<std::int64_t>(digits_);
        }
        return step;
      }

      case State::string: {
        const char* const run = p;
        p = skip_plain_run(p, end_, non_ascii_);
        if (p == end_) {
          if (wanted_) capture(run, p);
          return pause(p, state);
        }
        if (*p == '"') {
          if (key_) {
            if (!wanted_) {
              field_ = kJsonNoField;
            } else if (!settle_key(string_text(run, p))) {
              return fail(begin_ + (token_begin_ - base_), JsonError::ambiguous_key,
                          "differs in letter case only from a key that decides something");
            }
            ++p;
            state = State::colon;
            continue;
          }
          if (!wanted_) {
            ++p;
            state = State::after_value;
            continue;
          }
          const std::string_view text = string_text(run, p);
          JsonStep step = emit(JsonType::string, p + 1);
          step.escaped = escaped_;
          step.truncated = truncated_ || text.size() > kJsonTextBytesMax;
          step.text = text.substr(0, kJsonTextBytesMax);
          return step;
        }
        if (*p != '\\') return fail(p, JsonError::syntax, "a control character inside a string");
        escaped_ = true;
        if (wanted_) {
          capture(run, p);
        } else {
          const char* const behind = skip_escapes(p, end_);
          if (behind == nullptr) return fail(p, JsonError::syntax, "not an escape of JSON");
          if (behind != p) {
            p = behind;
            continue;
          }
        }
        ++p;
        state = State::escape;
        continue;
      }

      case State::escape: {
        if (p == end_) return pause(p, state);
        const char kind = kEscape[byte(*p)];
        if (kind == 0) return fail(p, JsonError::syntax, "not an escape of JSON");
        ++p;
        if (kind == 'u') {
          hex_ = 0;
          hex_digits_ = 0;
          state = State::hex;
          continue;
        }
        if (wanted_) capture_character(byte(kind));
        state = State::string;
        continue;
      }

      case State::hex: {
        for (; p != end_ && hex_digits_ < 4; ++p, ++hex_digits_) {
          const std::uint8_t digit = kHexValue[byte(*p)];
          if (digit == kNotHex) return fail(p, JsonError::syntax, "not four hex digits");
          hex_ = static_cast<std::uint16_t>(hex_ << 4 | digit);
        }
        if (hex_digits_ < 4) return pause(p, state);
        if (wanted_) capture_character(hex_);
        state = State::string;
        continue;
      }

      case State::after_value: {
        if (depth_ == 0) {
          state = State::done;
          continue;
        }
        p = skip_space(p, end_);
        if (p == end_) return pause(p, state);
        const bool object = in_object();
        if (*p == ',') {
          ++p;
          state = object ? State::key : State::value;
          if (!object) field_ = element_field();
          continue;
        }
        if (*p != (object ? '}' : ']')) {
          return fail(p, JsonError::syntax,
                      object ? "a comma or } must stand here" : "a comma or ] must stand here");
        }
        ++p;
        const JsonField closed = node();
        --depth_;
        if (closed == kJsonNoField) continue;
        JsonStep step = emit(object ? JsonType::object : JsonType::array, p);
        step.kind = JsonStep::Kind::close;
        step.field = closed;
        return step;
      }

      case State::done:
        p = skip_space(p, end_);
        if (p != end_) return fail(p, JsonError::trailing, "more stands behind the JSON value");
        return pause(p, state);

      case State::failed:
        return fail(p, JsonError::syntax, "the walk is over");
    }
  }
}

}  // namespace headrace::policy
