// The walk from token to token; see json_walker.h.
#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "policy/json/json_scalar_bytes.h"
#include "policy/json/json_walker.h"

namespace headrace::policy {
namespace {

// What a token does to the number of open brackets.
constexpr std::array<std::int8_t, 256> kBrackets = [] {
  std::array<std::int8_t, 256> table{};
  table['{'] = table['['] = 1;
  table['}'] = table[']'] = -1;
  return table;
}();

// Whether a key may stand for another one: escaped, or in letters that fold to those of ASCII.
bool is_odd(std::string_view key) {
  return std::ranges::any_of(
      key, [](char c) { return c == '\\' || static_cast<unsigned char>(c) >= 0x80; });
}

}  // namespace

// Finds the field that a key leads to; `raw` as it stands between its quotes, which begin at
// `begin`.
[[gnu::always_inline]] inline JsonWalker::Outcome JsonWalker::settle_key(std::string_view raw,
                                                                         std::uint64_t begin) {
  // What was copied may be read up to its end only; in the slice there is more.
  const bool copied = raw.data() == copy_.data();
  const JsonFields::Found found =
      fields_->find(place_.node(), raw, copied ? raw.data() + raw.size() : end_);
  field_ = found.field;
  if (field_ != kJsonNoField || !(index_.escapes || refuse_ambiguous_)) return Outcome::go_on;
  // In other letters of ASCII a key has as many bytes as in its own.
  const bool maybe_odd = index_.escapes || index_.non_ascii || non_ascii_;
  if (!found.may_resemble && !(maybe_odd && is_odd(raw))) return Outcome::go_on;
  return settle_odd_key(place_.node(), raw, begin);
}

// --- Containers

// Takes up the fields and kind of the container at depth_.
inline void JsonWalker::enter_container() {
  if (depth_ == 0) {
    object_ = false;
    place_ = {};
    return;
  }
  const unsigned level = depth_ - 1U;
  object_ = (kinds_[level / 64] >> level % 64 & 1U) != 0;
  place_ = fields_->place(depth_ <= kJsonTrackedDepthMax ? nodes_[depth_] : kJsonNoField);
}

inline JsonWalker::Outcome JsonWalker::open_container(const char* p, bool object, JsonSink& sink) {
  if (depth_ == depth_max_) return fail(p, JsonError::too_deep, "nested too deeply");
  const JsonField field = field_;
  const unsigned level = depth_++;
  if (depth_ > depth_reached_) {
    depth_reached_ = depth_;
    deepest_at_ = at(p);
  }
  const std::uint64_t bit = std::uint64_t{1} << level % 64;
  std::uint64_t& kinds = kinds_[level / 64];
  kinds = object ? kinds | bit : kinds & ~bit;
  object_ = object;
  const JsonPlace place = fields_->place(field);
  if (depth_ <= kJsonTrackedDepthMax) {
    nodes_[depth_] = field;
    place_ = place;
  } else {
    if (field != kJsonNoField && lost_at_ == kNowhere) lost_at_ = at(p);
    place_ = {};
  }
  field_ = place_.element();
  if (!place.tells_opening()) return Outcome::go_on;
  return tell_bracket(p, JsonStep::Kind::value, field, object, sink);
}

inline JsonWalker::Outcome JsonWalker::close_container(const char* p, JsonSink& sink) {
  const JsonPlace closed = place_;
  const bool object = object_;
  --depth_;
  enter_container();
  if (!closed.tells_end()) {
    empty_ = false;
    return Outcome::go_on;
  }
  return tell_bracket(p, JsonStep::Kind::close, closed.node(), object, sink);
}

JsonWalker::Outcome JsonWalker::tell_bracket(const char* p, JsonStep::Kind kind, JsonField field,
                                             bool object, JsonSink& sink) {
  JsonStep step;
  step.kind = kind;
  step.type = object ? JsonType::object : JsonType::array;
  step.field = field;
  step.end = at(p) + 1;
  step.begin = step.end - (kind == JsonStep::Kind::value ? 1 : 0);
  step.empty = std::exchange(empty_, false);
  return tell(step, sink);
}

// The field of what opens at token[-1] in an object of a crossing, where keys were passed over as
// they came: this one, if it has not been kept, stands in the three tokens before that.
JsonWalker::Outcome JsonWalker::settle_crossing(const char* run, const std::uint16_t* first,
                                                const std::uint16_t* token) {
  if (token - first > 3) keep_key(run, token - 4);
  // It may stand before the slice at hand.
  const auto from_slice = static_cast<std::ptrdiff_t>(key_begin_ - base_);
  const std::string_view raw{begin_ + from_slice + 1, key_size_};
  const JsonFields::Found found = fields_->find(place_.crossing(), raw, end_);
  field_ = found.field;
  if (field_ != kJsonNoField || !(found.may_resemble || is_odd(raw))) return Outcome::go_on;
  return settle_odd_key(place_.crossing(), raw, key_begin_);
}

// `quote` is the token of its opening quote, and the next one that of the closing one.
void JsonWalker::keep_key(const char* run, const std::uint16_t* quote) {
  key_begin_ = at(run + quote[0]);
  key_size_ = static_cast<std::uint32_t>(quote[1] - quote[0] - 1);
}

// Passes over the tokens of an unwanted container, up to behind its last bracket, which brings
// skipped_depth_ to 0, or to one that is nested too deeply, which brings it beyond the bound.
inline const std::uint16_t* JsonWalker::skip_container(const char* run, const std::uint16_t* token,
                                                       const std::uint16_t* end) {
  const int deepest = depth_max_ - depth_;
  int depth = skipped_depth_;
  while (token != end) {
    depth += kBrackets[static_cast<unsigned char>(run[*token++])];
    if (static_cast<unsigned>(depth - 1) >= static_cast<unsigned>(deepest)) break;
  }
  skipped_depth_ = static_cast<std::uint8_t>(depth);
  return token;
}

// --- Tokens

// The states of the walk as places in one function, each moving on to the next without a detour:
// this is the innermost loop of the data plane. When the run's tokens end, the state is kept.
JsonWalker::Outcome JsonWalker::walk_tokens(const char* run, const std::uint16_t* token,
                                            const std::uint16_t* end, JsonSink& sink) {
  const std::uint16_t* const first = token;
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
    case State::skipped:
      goto skipped;
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
  field_ = kJsonNoField;
  if (token != end) [[likely]] {
    // Nearly always the key lies whole in the run.
    const char* const quote = run + *token++;
    if (place_.node() != kJsonNoField &&
        settle_key({p + 1, static_cast<std::size_t>(quote - p - 1)}, at(p)) == Outcome::ended) {
      return Outcome::ended;
    }
    goto colon;
  }
  token_begin_ = at(p);
  return keep(State::in_key);

in_key:
  // The next token within a string is its closing quote.
  if (token == end) return keep(State::in_key);
  p = run + *token++;
  if (fields_->has_crossings()) {
    key_begin_ = token_begin_;
    key_size_ = static_cast<std::uint32_t>(at(p) - token_begin_ - 1);
  }
  if (place_.node() != kJsonNoField) {
    const std::string_view raw = raw_string(p);
    if (!copy_short_ && settle_key(raw, token_begin_) == Outcome::ended) return Outcome::ended;
  }

colon:
  if (token == end) {
    if (token - first > 1) keep_key(run, token - 2);
    return keep(State::colon);
  }
  p = run + *token++;
  if (*p != ':') return fail(p, JsonError::syntax, "a colon must stand here");
  if (token == end) {
    if (token - first > 2) keep_key(run, token - 3);
    return keep(State::value);
  }
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
      if (field_ != kJsonNoField && fields_->is_way(field_)) field_ = kJsonNoField;
      if (field_ == kJsonNoField && token != end) {
        const char* const quote = run + *token++;
        if (tell_unwanted_ && place_.node() != kJsonNoField &&
            tell_unwanted_string(p, quote, sink) == Outcome::ended) {
          return Outcome::ended;
        }
        goto after_value;
      }
      token_begin_ = at(p);
      goto in_string;
    case '{':
    case '[':
      if (place_.crossing() != kJsonNoField && object_ &&
          settle_crossing(run, first, token) == Outcome::ended) {
        return Outcome::ended;
      }
      if (!strict_ && field_ == kJsonNoField) {
        if (depth_ == depth_max_) return fail(p, JsonError::too_deep, "nested too deeply");
        skipped_depth_ = 1;
        goto skipped;
      }
      if (open_container(p, *p == '{', sink) == Outcome::ended) return Outcome::ended;
      if (object_) goto first_key;
      goto first_element;
    default:
      if (fields_->is_way(field_)) field_ = kJsonNoField;
      break;
  }
  if (strict_ || field_ != kJsonNoField || !is_json_scalar(*p)) {
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
    field_ = place_.element();
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

skipped:
  token = skip_container(run, token, end);
  if (skipped_depth_ == 0) goto after_value;
  if (skipped_depth_ + depth_ > depth_max_) {
    return fail(run + token[-1], JsonError::too_deep, "nested too deeply");
  }
  return keep(State::skipped);
}

}  // namespace headrace::policy
