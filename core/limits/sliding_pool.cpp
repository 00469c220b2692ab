#include "core/limits/sliding_pool.h"

#include <algorithm>

#include "core/limits/step_word.h"

namespace headrace::core {

namespace {

// A step returns its credit when it and a whole window after it have passed.
constexpr std::uint64_t kStepsUntilReturned = kStepsPerWindow + 1;
// A shard's time may lag behind another's, but not by that many steps.
constexpr std::uint64_t kLagStepsMax = SlidingPool::kTurnStepsMax / 2;
// Words of the ring are cleaned each time so many steps have passed: long before their laps repeat.
constexpr unsigned kCleaningStepsLog2 = 20;
static_assert((std::uint64_t{2} << kCleaningStepsLog2) < kStepWords * 0x8000);
static_assert((std::uint64_t{1} << kCleaningStepsLog2) < kStepWords * StepWord::kFarLap);

constexpr std::uint64_t tag_of(std::uint64_t step) {
  return step & 0xffffU;
}

std::int64_t step_nanos(Duration length) {
  const auto steps = static_cast<std::int64_t>(kStepsPerWindow);
  const std::int64_t bounded = std::clamp(length, Duration{1}, Duration{kWindowLengthMax}).count();
  const std::int64_t whole = (bounded + 999) / 1000 * 1000;
  return (whole + steps - 1) / steps;
}

}  // namespace

SlidingPool::SlidingPool(LimitLife life, StepBlock& block, Duration length)
    : entry_(life), block_(&block), step_nanos_(step_nanos(length)) {}

std::uint64_t SlidingPool::step_at(Instant at) const {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(at.time_since_epoch().count(), 0) /
                                    step_nanos_);
}

std::uint64_t SlidingPool::step_at(Instant at, Duration length) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(at.time_since_epoch().count(), 0) /
                                    step_nanos(length));
}

SlidingPool::Position SlidingPool::turn_to(std::uint64_t step) {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const std::uint64_t turn = entry_->turn.load();
    const std::uint64_t open_step = step_of(turn);
    const std::uint64_t floor = entry_->floor.load();
    if (!entry_.lasts()) return {PoolAnswer::forgotten, 0, 0};
    if (const std::uint64_t ahead = tag_of(TaggedWord::tag(floor) - open_step); ahead != 0) {
      if (!finish(turn, open_step + ahead)) return {PoolAnswer::forgotten, 0, 0};
      continue;
    }
    if (open_step >= step) {
      const bool sound = open_step - step <= kLagStepsMax;
      return {sound ? PoolAnswer::granted : PoolAnswer::corrupt, open_step, floor};
    }
    if (step - open_step > kTurnStepsMax) return {PoolAnswer::outdated, open_step, floor};
    decide(open_step, floor, step);
  }
  return {PoolAnswer::corrupt, 0, 0};
}

// What the closed steps from `first` on, up to but not including `end`, hold.
std::int64_t SlidingPool::returned_by(std::uint64_t first, std::uint64_t end) const {
  std::int64_t sum = 0;
  for (std::uint64_t step = first; step < end; ++step) {
    const std::uint64_t seen = word(step).load();
    if (StepWord::is(seen, step) && !StepWord::is_open(seen)) sum += StepWord::amount(seen);
  }
  return sum;
}

void SlidingPool::decide(std::uint64_t open_step, std::uint64_t floor, std::uint64_t step) {
  std::uint64_t value = TaggedWord::value(floor);
  if (step - open_step >= kStepsUntilReturned) {
    value = entry_->taken.load();
  } else {
    const std::uint64_t open = word(open_step).load();
    const bool whole = step / kStepsPerWindow != open_step / kStepsPerWindow;
    if (whole && open_step >= kStepsPerWindow && StepWord::is(open, open_step) &&
        StepWord::is_open(open)) {
      value = StepWord::value(open) -
              static_cast<std::uint64_t>(returned_by(step - kStepsPerWindow, open_step));
    } else {
      const std::uint64_t first = open_step < kStepsPerWindow ? 0 : open_step - kStepsPerWindow;
      const std::uint64_t end = step < kStepsPerWindow ? 0 : step - kStepsPerWindow;
      value += static_cast<std::uint64_t>(returned_by(first, end));
    }
  }
  entry_->floor.replace_seen(floor, TaggedWord::pack(tag_of(step), value));
}

// False if the limit is being forgotten.
bool SlidingPool::touch() {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    std::uint64_t taken = entry_->taken.load();
    if ((taken & kForgotten) != 0 || !entry_.lasts()) return false;
    const std::uint64_t touched = (taken + (std::uint64_t{1} << TaggedWord::kValueBits));
    if (entry_->taken.replace(taken, touched & ~kForgotten)) return true;
  }
  return false;
}

// Nobody has ended that turn, and the steps are still the limit's: to be asked after a word of them
// was looked at, before it is replaced.
bool SlidingPool::is_at(std::uint64_t turn) const {
  return entry_->turn.load() == turn && entry_.lasts();
}

// False if the limit is being forgotten; otherwise somebody else may have done it.
bool SlidingPool::finish(std::uint64_t turn, std::uint64_t step) {
  if (!touch()) return false;
  const std::uint64_t old = step_of(turn);
  if (old >> kCleaningStepsLog2 != step >> kCleaningStepsLog2) clear_old_laps(turn, step);

  // Opened with a value of `taken` that nobody has added to in this step: that begins with the last
  // store below. A word that was seen before `turn` was looked at has not been round the ring
  // since.
  std::uint64_t opened = word(step).load();
  if (!StepWord::is(opened, step) || !StepWord::is_open(opened)) {
    const std::uint64_t fresh = StepWord::open(step, entry_->taken.load());
    if (!is_at(turn)) return true;
    if (word(step).replace(opened, fresh)) opened = fresh;
    if (!StepWord::is(opened, step) || !StepWord::is_open(opened)) return true;
  }
  // What comes back of the old step meanwhile makes this fail once more, and is counted then.
  while (step - old < kStepsUntilReturned) {
    const std::uint64_t closing = word(old).load();
    if (!StepWord::is(closing, old) || !StepWord::is_open(closing)) break;
    if (!is_at(turn)) return true;
    word(old).replace_seen(
        closing, StepWord::closed(old, StepWord::value(opened) - StepWord::value(closing)));
  }
  entry_->turn.replace_seen(turn, turn - old + step);
  return true;
}

void SlidingPool::clear_old_laps(std::uint64_t turn, std::uint64_t step) {
  for (std::uint64_t age = 1; age < kStepWords && age <= step; ++age) {
    const std::uint64_t seen = word(step - age).load();
    const bool needed = age <= kStepsUntilReturned && StepWord::is(seen, step - age);
    const bool open = (step - step_of(turn)) % kStepWords == age;
    if (needed || open || seen == 0) continue;
    if (!is_at(turn)) return;
    word(step - age).replace_seen(seen, 0);
  }
}

PoolVerdict SlidingPool::take(std::int64_t credit, std::int64_t amount, Instant now) {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const Position position = turn_to(step_at(now));
    if (position.answer != PoolAnswer::granted) return {.answer = position.answer};
    std::uint64_t taken = entry_->taken.load();
    if ((taken & kForgotten) != 0) return {.answer = PoolAnswer::forgotten};
    if (!entry_.lasts()) return {.answer = PoolAnswer::forgotten};
    if (entry_->floor.load() != position.floor) continue;
    const std::int64_t spent = TaggedWord::difference(taken, position.floor);
    if (spent < 0 || spent > kSpentMax) return {.answer = PoolAnswer::corrupt};
    if (amount > credit - spent) {
      return {.answer = PoolAnswer::refused,
              .retry_after = until_returned(spent + amount - credit, position.step, now)};
    }
    if (entry_->taken.replace(taken, taken + static_cast<std::uint64_t>(amount))) {
      return {.answer = PoolAnswer::granted, .taken_at = position.step};
    }
  }
  return {.answer = PoolAnswer::corrupt};
}

PoolAnswer SlidingPool::charge(std::int64_t amount, Instant now) {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const Position position = turn_to(step_at(now));
    if (position.answer != PoolAnswer::granted) return position.answer;
    std::uint64_t taken = entry_->taken.load();
    if ((taken & kForgotten) != 0) return PoolAnswer::forgotten;
    if (!entry_.lasts()) return PoolAnswer::forgotten;
    if (entry_->floor.load() != position.floor) continue;
    const std::int64_t spent = TaggedWord::difference(taken, position.floor);
    if (spent < 0 || spent > kSpentMax) return PoolAnswer::corrupt;
    const std::int64_t bearable = std::min(amount, kSpentMax - spent);
    if (entry_->taken.replace(taken, taken + static_cast<std::uint64_t>(bearable))) {
      return PoolAnswer::granted;
    }
  }
  return PoolAnswer::corrupt;
}

bool SlidingPool::give_back(std::uint64_t step, std::int64_t amount, Instant now) {
  if (step_at(now) >= step + kStepsUntilReturned) return false;  // all of it has come back
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const std::uint64_t turn = entry_->turn.load();
    const std::uint64_t open_step = step_of(turn);
    const std::uint64_t floor = entry_->floor.load();
    if (!entry_.lasts()) return false;
    if (const std::uint64_t ahead = tag_of(TaggedWord::tag(floor) - open_step); ahead != 0) {
      if (!finish(turn, open_step + ahead)) return false;
      continue;
    }
    if (step > open_step || open_step - step >= kStepsUntilReturned) return false;
    std::uint64_t seen = word(step).load();
    if (!StepWord::is(seen, step) || !entry_.lasts()) return false;
    const auto more = static_cast<std::uint64_t>(amount);
    const std::uint64_t lowered = StepWord::is_open(seen)
                                      ? StepWord::open(step, StepWord::value(seen) + more)
                                      : StepWord::closed(step, StepWord::value(seen) - more);
    if (!word(step).replace(seen, lowered)) continue;
    std::uint64_t raised = floor;
    while (TaggedWord::tag(raised) == TaggedWord::tag(floor) && entry_.lasts()) {
      const std::uint64_t higher =
          TaggedWord::pack(TaggedWord::tag(raised), TaggedWord::value(raised) + more);
      if (entry_->floor.replace(raised, higher)) break;
    }
    return true;
  }
  return false;
}

PoolStanding SlidingPool::standing(Instant now) {
  const Position position = turn_to(step_at(now));
  if (position.answer != PoolAnswer::granted) return {.answer = position.answer};
  const std::uint64_t taken = entry_->taken.load();
  if ((taken & kForgotten) != 0) return {.answer = PoolAnswer::forgotten};
  const std::int64_t spent = TaggedWord::difference(taken, position.floor);
  if (spent < 0 || spent > kSpentMax) return {.answer = PoolAnswer::corrupt};
  return {.spent = spent,
          .full_after = spent == 0 ? Duration{} : until_full(spent, taken, position.step, now)};
}

Duration SlidingPool::wait_for(std::int64_t credit, std::int64_t amount, Instant now) {
  const PoolStanding at = standing(now);
  const std::int64_t missing = at.spent + amount - credit;
  if (at.answer != PoolAnswer::granted || missing <= 0) return {};
  return until_returned(missing, step_at(now), now);
}

Duration SlidingPool::until_returned(std::int64_t amount, std::uint64_t open_step,
                                     Instant now) const {
  std::uint64_t step = open_step < kStepsPerWindow ? 0 : open_step - kStepsPerWindow;
  const SharedWord* const ring = block_->steps.data();
  for (std::uint64_t place = step % kStepWords; step < open_step; ++step) {
    const std::uint64_t seen = ring[place].load();
    if (StepWord::is(seen, step) && !StepWord::is_open(seen)) amount -= StepWord::amount(seen);
    if (amount <= 0) break;
    place = place + 1 == kStepWords ? 0 : place + 1;
  }
  return until_returned_of(step, now);
}

// What was taken last comes back last, and mostly something was taken in the open step.
Duration SlidingPool::until_full(std::int64_t spent, std::uint64_t taken, std::uint64_t open_step,
                                 Instant now) const {
  const std::uint64_t open = word(open_step).load();
  const bool used = StepWord::is(open, open_step) && StepWord::is_open(open) &&
                    TaggedWord::difference(taken, StepWord::value(open)) > 0;
  return used ? until_returned_of(open_step, now) : until_returned(spent, open_step, now);
}

Duration SlidingPool::until_returned_of(std::uint64_t step, Instant now) const {
  const Duration at(static_cast<std::int64_t>(step + kStepsUntilReturned) * step_nanos_);
  return std::max(at - now.time_since_epoch(), Duration{1});
}

}  // namespace headrace::core
