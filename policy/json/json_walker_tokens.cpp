// The walk from token to token; see json_walker.h.
#include <array>
#include <cstddef>
#include <utility>

#include "policy/json/json_odd_text.h"
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

}  // namespace

// Finds the field that a key leads to; `raw` as it stands between its quotes. Bytes up to
// `readable` may be read.
[[gnu::always_inline]] inline JsonWalker::Outcome JsonWalker::settle_key(JsonField parent,
                                                                         std::string_view raw,
                                                                         const char* readable) {
  if (!raw.empty() && place_->may_lead(raw[0], raw.size())) {
    field_ = fields_->find(parent, raw, readable);
    if (field_ != kJsonNoField) return Outcome::go_on;
    // In other letters of ASCII a key has as many bytes as in its own, and begins alike.
  } else if (!(may_be_odd_ && is_odd_text(raw, readable))) {
    return Outcome::go_on;
  }
  return settle_odd_key(parent, raw);
}

// --- Containers

// Takes up the fields and kind of the container at depth_.
inline void JsonWalker::enter_container() {
  const unsigned level = depth_ - 1U;
  if (level < kJsonTrackedDepthMax) [[likely]] {
    const std::uint8_t here = levels_[depth_];
    object_ = here >= kObjectLevel;
    place_ = &fields_->place(here % kObjectLevel);
    return;
  }
  object_ = depth_ != 0 && (kinds_[level / 64] >> level % 64 & 1U) != 0;
  place_ = &fields_->place(kJsonNoField);
}

inline JsonWalker::Outcome JsonWalker::open_container(const char* p, bool object, JsonSink& sink) {
  if (depth_ == depth_max_) return fail(p, JsonError::too_deep, "nested too deeply");
  const JsonField field = field_;
  const unsigned level = depth_++;
  if (depth_ > depth_reached_) {
    depth_reached_ = depth_;
    deepest_at_ = at(p);
  }
  object_ = object;
  const JsonPlace& place = fields_->place(field);
  if (level < kJsonTrackedDepthMax) [[likely]] {
    levels_[depth_] = static_cast<std::uint8_t>(field | (object ? kObjectLevel : 0));
    place_ = &place;
  } else {
    const std::uint64_t bit = std::uint64_t{1} << level % 64;
    std::uint64_t& kinds = kinds_[level / 64];
    kinds = object ? kinds | bit : kinds & ~bit;
    if (field != kJsonNoField && lost_at_ == kNowhere) lost_at_ = at(p);
    place_ = &fields_->place(kJsonNoField);
  }
  field_ = place_->element();
  if (!place.tells_opening()) return Outcome::go_on;
  return tell_bracket(p, JsonStep::Kind::value, field, object, sink);
}

inline JsonWalker::Outcome JsonWalker::close_container(const char* p, JsonSink& sink) {
  const JsonPlace& closed = *place_;
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
// they came: this one stands in the three tokens before that, or was kept when the run ended.
inline JsonWalker::Outcome JsonWalker::settle_crossing(const char* run, const std::uint16_t* first,
                                                       const std::uint16_t* token) {
  if (token - first > 3) {
    const std::uint16_t* const quote = token - 4;
    const auto size = static_cast<std::size_t>(quote[1] - quote[0] - 1);
    return settle_key(place_->crossing(), {run + quote[0] + 1, size}, end_);
  }
  // It may stand before the slice at hand.
  const auto from_slice = static_cast<std::ptrdiff_t>(key_begin_ - base_);
  return settle_key(place_->crossing(), {begin_ + from_slice + 1, key_size_}, end_);
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
  // Nearly always the key lies whole in the run, with its colon and what begins behind that.
  if (end - token >= 3) [[likely]] {
    const char* const quote = run + *token;
    if (place_->node() != kJsonNoField &&
        settle_key(place_->node(), {p + 1, static_cast<std::size_t>(quote - p - 1)}, end_) ==
            Outcome::ended) {
      return Outcome::ended;
    }
    p = run + token[1];
    if (*p != ':') return fail(p, JsonError::syntax, "a colon must stand here");
    token += 2;
    goto value_at_hand;
  }
  token_begin_ = at(p);

in_key:
  // The next token within a string is its closing quote.
  if (token == end) return keep(State::in_key);
  p = run + *token++;
  if (fields_->has_crossings()) {
    key_begin_ = token_begin_;
    key_size_ = static_cast<std::uint32_t>(at(p) - token_begin_ - 1);
  }
  if (place_->node() != kJsonNoField) {
    const std::string_view raw = raw_string(p);
    if (!copy_short_ && settle_key(place_->node(), raw, readable_behind(raw)) == Outcome::ended) {
      return Outcome::ended;
    }
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

value_at_hand:
  p = run + *token++;
  if (*p == '"') {
    if (field_ != kJsonNoField && fields_->is_way(field_)) field_ = kJsonNoField;
    if (field_ == kJsonNoField && token != end) {
      const char* const quote = run + *token++;
      if (tell_unwanted_ && place_->node() != kJsonNoField &&
          tell_unwanted_string(p, quote, sink) == Outcome::ended) {
        return Outcome::ended;
      }
      goto after_value;
    }
    token_begin_ = at(p);
    goto in_string;
  }
  if (*p == '{' || *p == '[') {
    if (place_->crossing() != kJsonNoField && object_ &&
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
  }
  if (fields_->is_way(field_)) field_ = kJsonNoField;
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
    field_ = place_->element();
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
