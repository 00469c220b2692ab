#include "policy/json/json_walker.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"

namespace headrace::policy {

// The tokens are walked in json_walker_tokens.cpp, strings, numbers and words in
// json_walker_scalars.cpp; here is what stands around them.

void JsonWalker::start(const JsonFields& fields, const JsonWalkOptions& options) {
  HEADRACE_CHECK(options.depth_max >= 1);
  HEADRACE_CHECK(options.depth_max <= kJsonDepthMax);
  HEADRACE_CHECK(options.contiguous || !fields.has_crossings());
  fields_ = &fields;
  begin_ = end_ = nullptr;
  base_ = 0;
  place_ = &kOutside;
  field_ = kJsonRoot;
  object_ = false;
  state_ = State::value;
  depth_ = 0;
  depth_max_ = static_cast<std::uint8_t>(options.depth_max);
  skipped_depth_ = depth_reached_ = 0;
  deepest_at_ = 0;
  lost_at_ = kNowhere;
  empty_ = non_ascii_ = false;
  contiguous_ = options.contiguous;
  strict_ = options.strict;
  refuse_ambiguous_ = options.refuse_ambiguous_keys;
  tell_unwanted_ = options.tell_unwanted_strings;
  utf8_ = {};
  index_ = {};
  index_.strict = options.strict;
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
      return word_is_whole();
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
    may_be_odd_ = index_.escapes || (refuse_ambiguous_ && (index_.non_ascii || non_ascii_));
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
  if (!strict_) return index_json(run, size, end_, index_, offsets);
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

// At the end of a slice, amid a string that somebody may want.
void JsonWalker::keep_cut_string() {
  const bool wanted =
      state_ == State::in_key ? place_->node() != kJsonNoField : field_ != kJsonNoField;
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

}  // namespace headrace::policy
