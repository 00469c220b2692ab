// Recognises, without walking it, an answer that differs from an earlier one in its strings and
// counts only.
//
// A provider writes all its answers of a kind in one way:
//
//   {"id":"a1","created":17,"choices":[{"message":{"content":"Hello"}}],"usage":{"total_tokens":9}}
//   |kept-|hole|----kept----|h|--------------- kept ---------------|hole|--------- kept
//   --------|h|kept|
//
// An answer is like it when all that is kept (keys, brackets, words, spaces) stands there byte for
// byte and each hole holds a string without control characters, or digits where it held digits. Its
// structure is the earlier one's then, whatever the model wrote, and a walk over it would tell its
// sink the same steps at other places: so they are told.
//
//   pattern.match(answer, sink)    told, or not like it: then it is to be walked
//   pattern.learn(answer, fields)  what was walked and found whole, as the next one to look for
//
// Threads: plain data of one shard; about 3 KiB. No allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/json/json_fields.h"
#include "policy/json/json_step.h"

namespace headrace::policy {

class AnswerPattern {
 public:
  // Of a longer answer the text is most, and a walk passes over text with wider vectors.
  static constexpr std::size_t kAnswerBytesMax = 8 * 1024;
  static constexpr std::size_t kKeptBytesMax = 1200;
  static constexpr std::size_t kHolesMax = 48;
  static constexpr std::size_t kStepsMax = 48;

  // Tells `sink` what a walk for `fields` over `answer` would, from its first byte to its last.
  // False: it is none like that, and what was told so far is void.
  bool match(std::string_view answer, const JsonFields& fields, JsonSink& sink);
  // Takes this one for the pattern, unless it has more than there is room for, or the last ones
  // that were taken led to nothing: where no answer is like the one before, trying costs nothing
  // soon.
  void learn(std::string_view answer, const JsonFields& fields);

 private:
  friend class AnswerPatternLearner;

  static constexpr std::uint32_t kPatienceMax = 4096;

  struct Hole {
    std::uint16_t kept_end = 0;  // in kept_: it stands before this byte
    std::uint32_t begin = 0;     // in the answer that was learned
    std::uint32_t end = 0;
    std::uint8_t steps_before = 0;  // in steps_: those that a walk tells before it comes here
    bool wanted = false;            // the step behind them is this hole's
    bool count = false;             // of digits; else a string's text, without its quotes
  };
  // As a walk told it of the answer that was learned.
  struct Step {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    JsonStep::Kind kind = JsonStep::Kind::value;
    JsonType type = JsonType::null;
    JsonField field = kJsonNoField;
    bool empty = false;
  };

  bool tell_steps(std::size_t until, std::size_t& done, std::int64_t shift, JsonSink& sink) const;
  bool tell_hole(const Step& learned, std::string_view answer, const char* at, const char* behind,
                 std::int64_t count, JsonSink& sink) const;

  const JsonFields* fields_ = nullptr;  // nothing was learned
  std::uint32_t patience_ = 0;          // so many misses pass before another answer is taken
  std::uint32_t misses_ = 0;            // since the last one was
  std::uint16_t kept_size_ = 0;
  std::uint8_t hole_count_ = 0;
  std::uint8_t step_count_ = 0;
  std::array<Hole, kHolesMax> holes_{};
  std::array<Step, kStepsMax> steps_{};
  std::array<char, kKeptBytesMax> kept_{};
};

// The patterns of a shard, by what was asked of whom. Of two that meet in one place each takes it
// from the other now and then: that costs time, and nothing else.
class AnswerPatterns {
 public:
  [[nodiscard]] AnswerPattern& at(std::uint32_t provider, std::uint32_t endpoint) {
    return patterns_[(provider * 7 + endpoint) % patterns_.size()];
  }

 private:
  std::array<AnswerPattern, 16> patterns_;
};

}  // namespace headrace::policy
