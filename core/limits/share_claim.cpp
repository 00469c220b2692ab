#include "core/limits/share_claim.h"

#include "core/limits/share_slot.h"
#include "core/shard_count.h"

namespace headrace::core {

namespace {

constexpr std::uint64_t kTaking = std::uint64_t{1} << 63U;
constexpr std::uint64_t kReturning = std::uint64_t{1} << 62U;
constexpr std::uint64_t kTurn = std::uint64_t{1} << 61U;
constexpr std::uint64_t kConfirmed = std::uint64_t{1} << 60U;
constexpr std::uint64_t kMarkBits = ~(kForgotten | TaggedWord::kValueMask);
constexpr unsigned kOwnerShift = TaggedWord::kValueBits;
constexpr std::uint64_t kOwnersMax = std::uint64_t{kShardsMax} * kIncarnationsMax;
static_assert((kOwnersMax + 1) << kOwnerShift < kTurn);
static_assert(kCreditMax < std::int64_t{1} << TaggedWord::kValueBits);

std::uint64_t owner_of(const LimitMemory& memory, std::uint32_t incarnation, std::uint32_t shard) {
  return std::uint64_t{incarnation} * memory.shards + shard;
}

std::uint64_t mark_of(std::uint64_t owner, bool turn) {
  return (owner + 1) << kOwnerShift | (turn ? kTurn : 0);
}

bool has_reached(std::uint64_t word, std::uint64_t announced) {
  return TaggedWord::difference(word, announced) >= 0;
}

// The announcement in `balance`, of the shard whose owner's number that is, came true.
bool was_taken(std::uint64_t balance, std::uint64_t owner, std::uint64_t taken) {
  if ((balance & kTaking) == 0) return false;
  if ((balance & kConfirmed) != 0) return true;
  return (taken & kMarkBits) == mark_of(owner, (balance & kTurn) != 0) &&
         has_reached(taken, balance);
}

}  // namespace

ShareClaim::ShareClaim(const LimitMemory& memory, std::uint32_t incarnation, std::uint32_t shard,
                       std::size_t seat, const LimitReceipt& slice)
    : memory_(memory),
      slot_(memory.shares_of(incarnation, shard)[seat]),
      owner_(owner_of(memory, incarnation, shard)),
      seat_(seat),
      name_(slice.name) {
  put_share_in(slot_, slice, 0);
}

std::uint64_t ShareClaim::announce(std::uint64_t taken, std::uint64_t next, std::uint64_t window) {
  confirm_former(taken);
  const bool turn = (taken & kMarkBits) == mark_of(owner_, false);
  slot_.taken_at.store(window);
  slot_.balance.store(kTaking | (turn ? kTurn : 0) | TaggedWord::value(next));
  return (next & ~kMarkBits) | mark_of(owner_, turn);
}

// Whoever's mark is there has taken his slice, and may have died before he could say so.
void ShareClaim::confirm_former(std::uint64_t taken) const {
  const std::uint64_t former = ((taken & kMarkBits & ~kTurn) >> kOwnerShift) - 1;
  if (former == owner_ || former >= std::uint64_t{memory_.incarnations} * memory_.shards) return;
  ShareSlot& other = memory_.shares_of(static_cast<std::uint32_t>(former / memory_.shards),
                                       static_cast<std::uint32_t>(former % memory_.shards))[seat_];
  const std::uint64_t balance = other.balance.load();
  if ((balance & kConfirmed) != 0 || other.name.load() != name_) return;
  if (was_taken(balance, former, taken)) other.balance.replace_seen(balance, balance | kConfirmed);
}

void ShareClaim::withdraw() {
  slot_.name.store(0);
}

ShareReturn::ShareReturn(ShareSlot& slot, std::int64_t amount) : slot_(slot) {
  slot_.slice.store(static_cast<std::uint64_t>(amount));
}

ShareReturn::~ShareReturn() {
  slot_.name.store(0);
}

void ShareReturn::announce(std::uint64_t floor) {
  slot_.balance.store(kReturning | TaggedWord::value(floor));
}

void judge_claim(const LimitMemory& memory, std::uint32_t incarnation, std::uint32_t shard,
                 ShareSlot& slot) {
  const std::uint64_t balance = slot.balance.load();
  const std::uint64_t place = slot.place.load();
  if ((balance & (kTaking | kReturning)) == 0) return;
  bool holds = false;
  if (place < memory.entries.size()) {
    const LimitEntry& entry = memory.entries[place];
    const std::uint64_t taken = entry.taken.load();
    const std::uint64_t floor = entry.floor.load();
    const bool lasts = entry.name.load() == slot.name.load();
    const bool returned =
        TaggedWord::tag(floor) != slot.taken_at.load() || has_reached(floor, balance);
    holds = lasts && ((balance & kTaking) != 0
                          ? was_taken(balance, owner_of(memory, incarnation, shard), taken)
                          : !returned);
  }
  slot.balance.store(holds ? slot.slice.load() : 0);
}

}  // namespace headrace::core
