// Where a limit's entry stands: an open-addressed table in the shared region of the limits that are
// in use, without locks.
//
// An entry lies fewer than kDisplacementsMax places behind its home, which its identity gives. Each
// home knows how far its entries reach, so that a look-up reads no further. Whoever wants to add a
// limit claims a free place with its name, pending; looks for another claim of the same limit; and
// makes its own count only if there is none: of two who add the same limit at once, at least one
// sees the other. An entry is forgotten when all its credit has returned: the high bit of `taken`
// is set, by a compare-and-swap that fails if anybody took of it meanwhile, and then anyone may
// free its place.
//
//   free(g) --claim--> pending(g) --established--> in use(g) --taken: forgotten--> free(g+1)
//              \______ another claim, or its owner died ______________________________^
//
// A name holds the generation of its place (12 bits), so that no name is met again in the few
// instructions between looking at it and replacing it.
//
// Whoever adds a limit also looks at a few others, whether they are idle: so the table is swept as
// fast as it fills.
//
// Threads: any, of any process; each has a LimitTable of its own.
#pragma once

#include <cstdint>
#include <optional>

#include "core/limits/limit_life.h"
#include "core/limits/limit_memory.h"
#include "core/limits/limit_terms.h"
#include "core/limits/step_block_pool.h"

namespace headrace::core {

class LimitTable {
 public:
  static constexpr std::uint32_t kDisplacementsMax = 63;

  LimitTable(const LimitMemory& memory, std::uint32_t incarnation);

  struct Place {
    std::uint32_t index = 0;
    std::uint64_t name = 0;
  };

  // What a limit is found by: worked out once for all that a request asks about it.
  struct Hash {
    std::uint64_t word;
  };
  [[nodiscard]] static Hash hash_of(std::uint64_t identity);

  // Starts to fetch the place where it most likely lies.
  void prefetch(Hash hash) const;
  // What is looked at when a pool there has changed.
  void prefetch_mark(Hash hash) const;
  // The words of a sliding window that a turn to `step` needs, if it needs one.
  void prefetch_steps(Hash hash, std::uint64_t step) const;
  [[nodiscard]] std::optional<Place> find(Hash hash);
  [[nodiscard]] std::optional<Place> find(std::uint64_t identity) {
    return find(hash_of(identity));
  }
  // Nothing where all places near its home, or all step blocks, are taken by limits in use.
  std::optional<Place> find_or_add(Hash hash, const LimitTerms& terms, LimitTime now);

  // False if it is not idle, or somebody takes of it just now.
  bool forget_if_idle(Place place, LimitTime now);
  // Whatever was spent of it.
  void forget(Place place);
  // Looks at so many entries, going round from call to call, and forgets those that are idle.
  void sweep(std::uint32_t entries, LimitTime now);
  // Of an entry that is being forgotten: done by whoever meets it.
  void finish_forgetting(Place place);
  // Claims that a dead incarnation left pending.
  void drop_claims_of(std::uint32_t incarnation);

  // Somebody has wanted to forget it, or it is forgotten.
  [[nodiscard]] bool is_leaving(Place place) const;
  // What stands in a place, if a limit in use does.
  [[nodiscard]] std::optional<Place> in_use(std::uint32_t index) const;
  // Of a calendar window, the limit's own identity. Nothing where the word was overwritten, or its
  // pool came back from an older journal and nobody has taken of it since.
  [[nodiscard]] std::optional<std::uint64_t> identity_of(Place place) const;
  // An identity that is found in this place, as the limit's own is: in a table of the same size, in
  // any process.
  [[nodiscard]] std::uint64_t identity_like(Place place) const;
  // Of a calendar window: says whose it is; 0: that its identity is not the limit's own.
  void tell_identity(Place place, std::uint64_t identity);
  // Of a calendar window: its pool has changed, just now. Whoever wants to know sees it by the mark
  // of its neighbourhood.
  void mark_changed(std::uint32_t index);
  [[nodiscard]] LimitEntry& entry(Place place) const { return memory_.entries[place.index]; }
  [[nodiscard]] LimitLife life(Place place) const { return {entry(place), place.name}; }
  // Nothing where the words are out of bounds, or its window needs none.
  [[nodiscard]] StepBlock* block(Place place) const;
  [[nodiscard]] std::uint32_t capacity() const {
    return static_cast<std::uint32_t>(memory_.entries.size());
  }

 private:
  enum class Claim : std::uint8_t { established, lost, no_room };

  [[nodiscard]] std::uint32_t home_of(std::uint64_t hash) const;
  [[nodiscard]] std::uint32_t behind(std::uint32_t home, std::uint64_t displacement) const;
  [[nodiscard]] std::uint64_t reach_of(std::uint32_t home) const;
  Claim add(std::uint64_t hash, const LimitTerms& terms, LimitTime now);
  Claim claim(std::uint64_t hash, std::uint64_t displacement, const LimitTerms& terms,
              LimitTime now);
  bool others_give_way(std::uint64_t hash, std::uint32_t mine);
  bool idle(const LimitEntry& entry, std::uint64_t taken, LimitTime now) const;

  LimitMemory memory_;
  StepBlockPool blocks_;
  std::uint32_t incarnation_;
  std::uint32_t displacements_;
  std::uint32_t swept_to_ = 0;
};

}  // namespace headrace::core
