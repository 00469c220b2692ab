#include "core/limits/limit_table.h"

#include <algorithm>

#include "core/limits/bucket_pool.h"
#include "core/limits/calendar_name.h"
#include "core/limits/concurrency_pool.h"
#include "core/limits/limit_name.h"
#include "core/limits/limit_span.h"
#include "core/limits/limit_traits.h"
#include "core/limits/pool_verdict.h"
#include "core/limits/sliding_pool.h"
#include "core/limits/step_word.h"

namespace headrace::core {

namespace {

// Longer than a shard's time may lag behind: nobody opens a window again that others have
// forgotten.
constexpr Duration kIdleGrace = std::chrono::minutes{1};
constexpr int kAddTriesMax = 64;
constexpr std::uint32_t kSweepPerAdd = 4;
constexpr std::uint32_t kSweepForRoom = 4096;

// The identity is a hash already; this spreads the ones that are not.
std::uint64_t spread(std::uint64_t identity) {
  identity ^= identity >> 33U;
  identity *= 0xff51'afd7'ed55'8ccdU;
  identity ^= identity >> 33U;
  identity *= 0xc4ce'b9fe'1a85'ec53U;
  return identity ^ identity >> 33U;
}

// Its inverse: the odd factors' inverses, in reverse order.
std::uint64_t gather(std::uint64_t hash) {
  hash ^= hash >> 33U;
  hash *= 0x9cb4'b2f8'1293'37dbU;
  hash ^= hash >> 33U;
  hash *= 0x4f74'430c'22a5'4005U;
  return hash ^ hash >> 33U;
}

// LimitEntry::taken at the begin of a life: like no value of the lives before.
std::uint64_t first_taken(WindowKind kind, std::uint64_t generation) {
  switch (kind) {
    case WindowKind::bucket:
      return generation;
    case WindowKind::concurrency:
      return (generation & 0x7ffU) << ConcurrencyPool::kCountBits;
    case WindowKind::calendar:
      return generation << 36U;  // no slice was taken yet (share_claim.h)
    default:
      return (generation & 0x7ffU) << 51U | generation << 36U;
  }
}

bool is_forgotten(const LimitEntry& entry) {
  return (entry.taken.load() & kForgotten) != 0 && LimitTraits::leaving(entry.traits.load());
}

void announce_leaving(LimitLife life) {
  std::uint64_t traits = life->traits.load();
  while (!LimitTraits::leaving(traits) && life.lasts() &&
         !life->traits.replace(traits, traits | LimitTraits::kLeaving)) {
  }
}

}  // namespace

LimitTable::LimitTable(const LimitMemory& memory, std::uint32_t incarnation)
    : memory_(memory),
      blocks_(memory),
      incarnation_(incarnation),
      displacements_(std::min(kDisplacementsMax, capacity())) {}

std::uint32_t LimitTable::home_of(std::uint64_t hash) const {
  return static_cast<std::uint32_t>((hash >> 32U) * memory_.entries.size() >> 32U);
}

std::uint32_t LimitTable::behind(std::uint32_t home, std::uint64_t displacement) const {
  const auto place = home + static_cast<std::uint32_t>(displacement);
  return place >= capacity() ? place - capacity() : place;
}

std::uint64_t LimitTable::reach_of(std::uint32_t home) const {
  return std::min<std::uint64_t>(memory_.entries[home].reach.load(), displacements_);
}

LimitTable::Hash LimitTable::hash_of(std::uint64_t identity) {
  return {.word = spread(identity)};
}

void LimitTable::prefetch(Hash hash) const {
  __builtin_prefetch(&memory_.entries[home_of(hash.word)], 1);
}

void LimitTable::prefetch_mark(Hash hash) const {
  __builtin_prefetch(&memory_.marks[home_of(hash.word) / kEntriesPerMark]);
}

void LimitTable::prefetch_steps(Hash hash, std::uint64_t step) const {
  const LimitEntry& entry = memory_.entries[home_of(hash.word)];
  if (!LimitName(entry.name.load()).is(hash.word, 0)) return;
  const std::uint64_t open = SlidingPool::step_of(entry.turn.load());
  const std::uint32_t index = StepBlockPool::index(entry.steps.load());
  if (open >= step || index >= memory_.blocks.size()) return;
  const StepBlock& block = memory_.blocks[index];
  __builtin_prefetch(&block.steps[open % kStepWords], 1);
  __builtin_prefetch(&block.steps[step % kStepWords], 1);
  if (open < kStepsPerWindow) return;
  __builtin_prefetch(&block.steps[(open - kStepsPerWindow) % kStepWords]);
  __builtin_prefetch(&block.steps[(step - kStepsPerWindow) % kStepWords]);
}

bool LimitTable::is_leaving(Place place) const {
  return LimitTraits::leaving(entry(place).traits.load()) || !life(place).lasts();
}

std::optional<LimitTable::Place> LimitTable::in_use(std::uint32_t index) const {
  const LimitName name(memory_.entries[index].name.load());
  if (name.state() != PlaceState::in_use) return std::nullopt;
  return Place{.index = index, .name = name.word()};
}

std::optional<std::uint64_t> LimitTable::identity_of(Place place) const {
  const LimitName name(place.name);
  const std::uint64_t identity =
      CalendarName::identity(entry(place).turn.load(), name.generation());
  const std::uint64_t hash = spread(identity);
  const bool stands_here = name.is(hash, name.displacement()) &&
                           behind(home_of(hash), name.displacement()) == place.index;
  if (identity == 0 || !stands_here) return std::nullopt;
  return identity;
}

void LimitTable::tell_identity(Place place, std::uint64_t identity) {
  LimitEntry& told = entry(place);
  const std::uint64_t seen = told.turn.load();
  const std::uint64_t wanted = CalendarName::pack(identity, LimitName(place.name).generation());
  if (seen != wanted && life(place).lasts()) told.turn.replace_seen(seen, wanted);
}

// Who wipes the mark looks at the pools after that; who has changed a pool looks at the mark after
// that. All four in one order, so one of the two sees the other.
void LimitTable::mark_changed(std::uint32_t index) {
  SharedWord& mark = memory_.marks[index / kEntriesPerMark];
  if (mark.load_in_order() != kAllMarks) mark.store(kAllMarks);
}

// The home leaves some bits of a hash open, and the name has those below. Any hash that has both is
// as good as the limit's own.
std::uint64_t LimitTable::identity_like(Place place) const {
  constexpr unsigned kFingerprintBits = 41;
  constexpr std::uint64_t kStep = std::uint64_t{1} << (kFingerprintBits - 32U);
  const LimitName name(place.name);
  const auto displaced = static_cast<std::uint32_t>(name.displacement());
  const std::uint32_t home =
      place.index >= displaced ? place.index - displaced : place.index + capacity() - displaced;
  // The least high half that leads there and ends as the name says.
  const std::uint64_t least = ((std::uint64_t{home} << 32U) + capacity() - 1) / capacity();
  const std::uint64_t wanted = name.fingerprint() >> 32U;
  const std::uint64_t high = least + ((wanted - least) & (kStep - 1));
  return gather(high << 32U | (name.fingerprint() & UINT32_MAX));
}

StepBlock* LimitTable::block(Place place) const {
  const std::uint64_t steps = entry(place).steps.load();
  if (StepBlockPool::generation(steps) != LimitName(place.name).generation()) return nullptr;
  const std::uint32_t index = StepBlockPool::index(steps);
  return index < memory_.blocks.size() ? &memory_.blocks[index] : nullptr;
}

std::optional<LimitTable::Place> LimitTable::find(Hash wanted) {
  const std::uint64_t hash = wanted.word;
  const std::uint32_t home = home_of(hash);
  const std::uint64_t reach = reach_of(home);
  for (std::uint64_t displacement = 0; displacement < reach; ++displacement) {
    const std::uint32_t index = behind(home, displacement);
    const LimitName name(memory_.entries[index].name.load());
    if (name.state() != PlaceState::in_use || !name.is(hash, displacement)) continue;
    const Place place{.index = index, .name = name.word()};
    if (!is_forgotten(entry(place))) return place;
    finish_forgetting(place);
  }
  return std::nullopt;
}

std::optional<LimitTable::Place> LimitTable::find_or_add(Hash hash, const LimitTerms& terms,
                                                         LimitTime now) {
  for (int tries = 0; tries < kAddTriesMax; ++tries) {
    if (auto found = find(hash)) return found;
    sweep(kSweepPerAdd, now);
    if (add(hash.word, terms, now) != Claim::no_room) continue;
    sweep(kSweepForRoom, now);
    if (add(hash.word, terms, now) == Claim::no_room) return std::nullopt;
  }
  return std::nullopt;
}

void LimitTable::sweep(std::uint32_t entries, LimitTime now) {
  for (std::uint32_t i = 0; i < std::min(entries, capacity()); ++i) {
    swept_to_ = behind(swept_to_, 1);
    if (const auto place = in_use(swept_to_)) forget_if_idle(*place, now);
  }
}

// In the free place that is nearest to its home; else where an idle limit can be forgotten.
LimitTable::Claim LimitTable::add(std::uint64_t hash, const LimitTerms& terms, LimitTime now) {
  const std::uint32_t home = home_of(hash);
  for (const bool forget_others : {false, true}) {
    for (std::uint64_t displacement = 0; displacement < displacements_; ++displacement) {
      const std::uint32_t index = behind(home, displacement);
      if (forget_others) {
        if (const auto other = in_use(index)) forget_if_idle(*other, now);
      }
      if (LimitName(memory_.entries[index].name.load()).state() != PlaceState::free) continue;
      return claim(hash, displacement, terms, now);
    }
  }
  return Claim::no_room;
}

// Another claim, or use, of the same limit: false if it stands; else it is gone. What is pending
// gives way to whoever comes by, which its owner notices when it wants to establish itself.
// Of two who add the same limit at once each has stored its name before it looks for the other's:
// in one order of all such words at least one of them sees the other.
bool LimitTable::others_give_way(std::uint64_t hash, std::uint32_t mine) {
  const std::uint32_t home = home_of(hash);
  const std::uint64_t reach =
      std::min<std::uint64_t>(memory_.entries[home].reach.load_in_order(), displacements_);
  for (std::uint64_t displacement = 0; displacement < reach; ++displacement) {
    const std::uint32_t index = behind(home, displacement);
    if (index == mine) continue;
    SharedWord& word = memory_.entries[index].name;
    std::uint64_t seen = word.load_in_order();
    for (int tries = 0; LimitName(seen).is(hash, displacement); ++tries) {
      if (LimitName(seen).state() == PlaceState::in_use || tries > kAddTriesMax) return false;
      if (word.replace(seen, LimitName(seen).freed().word())) break;
    }
  }
  return true;
}

LimitTable::Claim LimitTable::claim(std::uint64_t hash, std::uint64_t displacement,
                                    const LimitTerms& terms, LimitTime now) {
  const std::uint32_t home = home_of(hash);
  LimitEntry& entry = memory_.entries[behind(home, displacement)];
  // What is replaced below is what was there before the claim: another owner, after us or in our
  // stead, has changed it, and then we change nothing more.
  const std::uint64_t taken = entry.taken.load();
  const std::uint64_t floor = entry.floor.load();
  const std::uint64_t turn = entry.turn.load();
  const std::uint64_t steps = entry.steps.load();
  const std::uint64_t span = entry.span.load();
  const std::uint64_t traits = entry.traits.load();
  std::uint64_t free = entry.name.load();
  const LimitName before(free);
  if (before.state() != PlaceState::free) return Claim::lost;
  const std::uint64_t generation = before.generation();
  const LimitName mine = LimitName::pending(hash, displacement, generation, incarnation_);
  memory_.entries[home].reach.raise_to(displacement + 1);
  if (!entry.name.replace(free, mine.word())) return Claim::lost;
  if (!others_give_way(hash, behind(home, displacement))) {
    entry.name.replace_seen(mine.word(), mine.freed().word());
    return Claim::lost;
  }

  std::uint32_t block = StepBlockPool::kNone;
  const std::uint64_t begin = first_taken(terms.kind, generation);
  std::uint64_t first_turn = generation;
  std::uint64_t first_floor = TaggedWord::pack(terms.window, begin);
  if (terms.kind == WindowKind::bucket) first_floor = BucketPool::first_book(generation);
  if (terms.kind == WindowKind::calendar) {
    first_turn = CalendarName::pack(terms.identity, generation);
  }
  if (terms.kind == WindowKind::sliding) {
    block = blocks_.take();
    if (block == StepBlockPool::kNone) {
      entry.name.replace_seen(mine.word(), mine.freed().word());
      return Claim::no_room;
    }
    const std::uint64_t first = SlidingPool::step_at(now.monotonic, terms.length);
    first_turn = SlidingPool::pack_turn(generation, first);
    first_floor = TaggedWord::pack(first, begin);
    const std::uint64_t owner = generation << 36U | behind(home, displacement);
    for (SharedWord& step : memory_.blocks[block].steps)
      step.store(StepWord::blank(first, owner));
    memory_.blocks[block].steps[first % kStepWords].store(StepWord::open(first, begin));
  }
  const std::int64_t nanos =
      terms.kind == WindowKind::calendar ? terms.ends.unix_nanos : terms.length.count();
  const std::uint64_t attached = StepBlockPool::pack(generation, block);
  const bool prepared =
      entry.taken.replace_seen(taken, begin) && entry.floor.replace_seen(floor, first_floor) &&
      entry.turn.replace_seen(turn, first_turn) &&
      entry.span.replace_seen(span, LimitSpan::pack(nanos, generation)) &&
      entry.traits.replace_seen(traits, LimitTraits::pack(terms.kind, generation)) &&
      entry.steps.replace_seen(steps, attached);
  if (prepared && entry.name.replace_seen(mine.word(), mine.established().word())) {
    return Claim::established;
  }
  // Another one came in between. If our block is written here, it is in nobody's use all the same.
  entry.steps.replace_seen(attached, StepBlockPool::pack(generation + 1, StepBlockPool::kNone));
  if (block != StepBlockPool::kNone) blocks_.give_back(block);
  entry.name.replace_seen(mine.word(), mine.freed().word());
  return Claim::lost;
}

bool LimitTable::idle(const LimitEntry& entry, std::uint64_t taken, LimitTime now) const {
  const std::uint64_t traits = entry.traits.load();
  if (LimitTraits::closed(traits)) return false;
  const std::int64_t span = LimitSpan::nanos(entry.span.load());
  switch (LimitTraits::kind(traits)) {
    case WindowKind::sliding: {
      if (span == 0 || now.monotonic.time_since_epoch() < kIdleGrace) return false;
      const std::uint64_t then = SlidingPool::step_at(now.monotonic - kIdleGrace, Duration(span));
      const std::uint64_t open = SlidingPool::step_of(entry.turn.load());
      const bool turning = TaggedWord::tag(entry.floor.load()) != (open & 0xffffU);
      return !turning && then > open + kStepsPerWindow;
    }
    case WindowKind::bucket:
      return now.monotonic.time_since_epoch() > kIdleGrace &&
             BucketPool::idle(taken, now.monotonic - kIdleGrace);
    case WindowKind::calendar:
      return span != INT64_MAX && now.wall.unix_nanos > kIdleGrace.count() &&
             now.wall.unix_nanos - kIdleGrace.count() > span;
    case WindowKind::concurrency:
      return ConcurrencyPool::idle(taken);
    default:
      return false;
  }
}

bool LimitTable::forget_if_idle(Place place, LimitTime now) {
  LimitEntry& entry = memory_.entries[place.index];
  const std::uint64_t taken = entry.taken.load();
  if ((taken & kForgotten) == 0) {
    if (entry.name.load() != place.name) return false;
    if (!idle(entry, taken, now)) return false;
    announce_leaving(life(place));
    if (!entry.taken.replace_seen(taken, taken | kForgotten)) return false;
  }
  if (!is_forgotten(entry)) return false;
  finish_forgetting(place);
  return true;
}

void LimitTable::forget(Place place) {
  LimitEntry& entry = memory_.entries[place.index];
  announce_leaving(life(place));
  std::uint64_t taken = entry.taken.load();
  while (entry.name.load() == place.name && (taken & kForgotten) == 0 &&
         !entry.taken.replace(taken, taken | kForgotten)) {
  }
  finish_forgetting(place);
}

// The name goes first: whoever is still at work on its steps sees that its life is over before they
// are another's (sliding_pool.cpp), and one alone has freed the place and returns them. Where words
// were out of bounds, nobody knows whose steps these are: they are lost until all that is lost is
// collected.
void LimitTable::finish_forgetting(Place place) {
  LimitEntry& entry = memory_.entries[place.index];
  const std::uint64_t steps = entry.steps.load();
  const std::uint64_t traits = entry.traits.load();
  const LimitName name(place.name);
  if (!entry.name.replace_seen(name.word(), name.freed().word())) return;
  entry.steps.replace_seen(steps, StepBlockPool::pack(name.generation() + 1, StepBlockPool::kNone));
  const std::uint32_t block = StepBlockPool::index(steps);
  const bool its_own = StepBlockPool::generation(steps) == name.generation() &&
                       block < memory_.blocks.size() && !LimitTraits::closed(traits);
  if (its_own) blocks_.give_back(block);
  if (LimitTraits::kind(traits) == WindowKind::calendar) mark_changed(place.index);
}

void LimitTable::drop_claims_of(std::uint32_t incarnation) {
  for (LimitEntry& entry : memory_.entries) {
    const LimitName name(entry.name.load());
    if (name.state() != PlaceState::pending || name.incarnation() != incarnation) continue;
    entry.name.replace_seen(name.word(), name.freed().word());
  }
}

}  // namespace headrace::core
