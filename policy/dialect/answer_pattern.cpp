#include "policy/dialect/answer_pattern.h"

#include <algorithm>
#include <cstring>

#include "core/ascii.h"
#include "policy/json/json_scalar_bytes.h"
#include "policy/json/json_skip.h"
#include "policy/json/json_string.h"
#include "policy/json/json_walker.h"

namespace headrace::policy {
namespace {

// Not strict: as a walk takes white space.
const char* skip_space(const char* at, const char* end) {
  while (at != end && static_cast<unsigned char>(*at) <= ' ')
    ++at;
  return at;
}

}  // namespace

// --- learning ------------------------------------------------------------------------------------

// Two passes over an answer: a walk, for its steps, then one for its strings and counts.
class AnswerPatternLearner final : private JsonSink {
 public:
  AnswerPatternLearner(AnswerPattern& pattern, std::string_view answer)
      : pattern_(pattern), text_(answer) {}

  bool learn(const JsonFields& fields) {
    JsonWalker walker;
    walker.start(fields, {});
    if (walker.walk(text_, *this) || !walker.complete()) return false;
    return find_holes() && keep(text_.size()) && step_ == pattern_.step_count_;
  }

 private:
  bool on_json(const JsonStep& step) override {
    if (pattern_.step_count_ == pattern_.steps_.size()) return false;
    pattern_.steps_[pattern_.step_count_++] = {.begin = static_cast<std::uint32_t>(step.begin),
                                               .end = static_cast<std::uint32_t>(step.end),
                                               .kind = step.kind,
                                               .type = step.type,
                                               .field = step.field,
                                               .empty = step.empty};
    return true;
  }

  bool find_holes() {
    const char* const end = text_.data() + text_.size();
    for (const char* at = text_.data(); at != end;) {
      if (*at == '"') {
        const char* const quote = find_string_end(at + 1, end);
        if (quote == nullptr) return false;
        const char* const next = skip_space(quote + 1, end);
        const bool is_key = next != end && *next == ':';
        if (!is_key && !add_hole(at + 1, quote, false)) return false;
        at = quote + 1;
      } else if (is_json_scalar(*at)) {
        const char* behind = at;
        bool count = true;
        for (; behind != end && is_json_scalar(*behind); ++behind) {
          // Outside of strings the walk takes it for one that makes a quote no quote.
          if (*behind == '\\') return false;
          count &= core::is_digit(*behind);
        }
        count &= behind - at <= kCountDigitsMax && (*at != '0' || behind == at + 1);
        if (count && !add_hole(at, behind, true)) return false;
        at = behind;
      } else {
        ++at;
      }
    }
    while (step_ < pattern_.step_count_ && !needs_hole(pattern_.steps_[step_]))
      ++step_;
    return true;
  }

  // What it tells differs from one answer to the next.
  static bool needs_hole(const AnswerPattern::Step& step) {
    return step.type == JsonType::string || step.type == JsonType::number;
  }

  bool add_hole(const char* at, const char* behind, bool count) {
    if (pattern_.hole_count_ == pattern_.holes_.size()) return false;
    const auto begin = static_cast<std::uint32_t>(at - text_.data());
    const auto end = static_cast<std::uint32_t>(behind - text_.data());
    if (!keep(begin)) return false;
    const std::uint32_t quote = count ? 0 : 1;
    const auto& steps = pattern_.steps_;
    while (step_ < pattern_.step_count_ && steps[step_].begin <= begin - quote &&
           !needs_hole(steps[step_])) {
      ++step_;
    }
    const bool wanted = step_ < pattern_.step_count_ && needs_hole(steps[step_]) &&
                        steps[step_].begin == begin - quote && steps[step_].end == end + quote;
    pattern_.holes_[pattern_.hole_count_++] = {.kept_end = pattern_.kept_size_,
                                               .begin = begin,
                                               .end = end,
                                               .steps_before = step_,
                                               .wanted = wanted,
                                               .count = count};
    if (wanted) ++step_;
    done_ = end;
    return true;
  }

  bool keep(std::size_t until) {
    const std::size_t bytes = until - done_;
    if (bytes > pattern_.kept_.size() - pattern_.kept_size_) return false;
    std::memcpy(pattern_.kept_.data() + pattern_.kept_size_, text_.data() + done_, bytes);
    pattern_.kept_size_ = static_cast<std::uint16_t>(pattern_.kept_size_ + bytes);
    done_ = until;
    return true;
  }

  AnswerPattern& pattern_;
  std::string_view text_;
  std::size_t done_ = 0;   // of the text: kept, or a hole
  std::uint8_t step_ = 0;  // the next one that has no place yet
};

void AnswerPattern::learn(std::string_view answer, const JsonFields& fields) {
  if (answer.size() > kAnswerBytesMax || (fields_ != nullptr && misses_ < patience_)) return;
  // Doubled each time, and less again by each answer that is like it.
  patience_ = patience_ == 0 ? 1 : std::min(2 * patience_, kPatienceMax);
  misses_ = 0;
  kept_size_ = 0;
  hole_count_ = step_count_ = 0;
  fields_ = &fields;
  // A pattern that has nothing behind its last hole could not tell where a count ends.
  if (!AnswerPatternLearner(*this, answer).learn(fields) || hole_count_ == 0 ||
      holes_[hole_count_ - 1].kept_end == kept_size_) {
    hole_count_ = 0;
  }
}

// --- matching ------------------------------------------------------------------------------------

bool AnswerPattern::tell_steps(std::size_t until, std::size_t& done, std::int64_t shift,
                               JsonSink& sink) const {
  for (; done < until; ++done) {
    const Step& learned = steps_[done];
    JsonStep step;
    step.kind = learned.kind;
    step.type = learned.type;
    step.field = learned.field;
    step.empty = learned.empty;
    step.begin = static_cast<std::uint64_t>(learned.begin + shift);
    step.end = static_cast<std::uint64_t>(learned.end + shift);
    if (!sink.on_json(step)) return false;
  }
  return true;
}

bool AnswerPattern::tell_hole(const Step& learned, std::string_view answer, const char* at,
                              const char* behind, std::int64_t count, JsonSink& sink) const {
  JsonStep step;
  step.type = learned.type;
  step.field = learned.field;
  step.begin = static_cast<std::uint64_t>(at - answer.data());
  step.end = static_cast<std::uint64_t>(behind - answer.data());
  if (learned.type == JsonType::number) {
    step.integer = true;
    step.number = count;
    return sink.on_json(step);
  }
  const std::string_view raw(at, static_cast<std::size_t>(behind - at));
  --step.begin;  // with its quotes
  ++step.end;
  step.text = raw;
  std::array<char, kJsonTextBytesMax> decoded;
  if (raw.find('\\') != std::string_view::npos) {
    const JsonDecoded result = decode_json_string(raw, decoded);
    step.text = result.text;
    step.truncated = !result.whole;
    step.escaped = true;
  }
  return sink.on_json(step);
}

bool AnswerPattern::match(std::string_view answer, const JsonFields& fields, JsonSink& sink) {
  if (answer.size() > kAnswerBytesMax) return false;
  if (fields_ != &fields || hole_count_ == 0 || answer.size() < kept_size_) {
    ++misses_;
    return false;
  }
  const char* at = answer.data();
  const char* const end = at + answer.size();
  std::size_t done = 0;   // of kept_
  std::size_t steps = 0;  // that were told
  const auto same = [&](std::size_t until) {
    const std::size_t bytes = until - done;
    if (static_cast<std::size_t>(end - at) < bytes ||
        std::memcmp(at, kept_.data() + done, bytes) != 0) {
      return false;
    }
    at += bytes;
    done = until;
    return true;
  };
  ++misses_;  // none, where it comes to be like it
  for (std::size_t i = 0; i < hole_count_; ++i) {
    const Hole& hole = holes_[i];
    if (!same(hole.kept_end)) return false;
    const std::int64_t shift = (at - answer.data()) - std::int64_t{hole.begin};
    if (!tell_steps(hole.steps_before, steps, shift, sink)) return false;
    std::int64_t count = 0;
    const char* const behind = hole.count ? skip_count(at, end, count) : find_string_end(at, end);
    if (behind == nullptr) return false;
    if (hole.wanted && !tell_hole(steps_[steps++], answer, at, behind, count, sink)) return false;
    at = behind;
  }
  const std::int64_t shift = (at - answer.data()) - std::int64_t{holes_[hole_count_ - 1].end};
  if (!same(kept_size_) || at != end) return false;
  misses_ = 0;
  if (patience_ > 0) --patience_;
  return tell_steps(step_count_, steps, shift, sink);
}

}  // namespace headrace::policy
