// Where a limit's entry stands: an open-addressed table in the shared region of the limits that are
// in use, without locks.
//
// An entry lies at most kDisplacementMax places behind its home, which its identity gives. Each
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
// Threads: any, of any process.
#pragma once

#include <cstdint>
#include <optional>

#include "core/limits/limit_memory.h"
#include "core/limits/limit_terms.h"

namespace headrace::core {

class LimitTable {
 public:
  static constexpr std::uint32_t kDisplacementMax = 62;

  LimitTable(const LimitMemory& memory, std::uint32_t incarnation)
      : memory_(memory), incarnation_(incarnation) {}

  struct Place {
    std::uint32_t index = 0;
    std::uint64_t name = 0;
  };

  void prefetch(std::uint64_t identity) const;
  [[nodiscard]] std::optional<Place> find(std::uint64_t identity) const;
  // Nothing where all places near its home, or all step blocks, are taken by limits in use.
  std::optional<Place> find_or_add(const LimitTerms& terms, LimitTime now);

  // False if it is not idle, or somebody takes of it just now.
  bool forget_if_idle(Place place, LimitTime now);
  // Whatever was spent of it.
  void forget(Place place);

  // Of those that a dead incarnation left half claimed.
  void drop_claims_of(std::uint32_t incarnation);
  // Finds the step blocks that the dead have lost. Only while no other process uses the region.
  void collect_lost_blocks();

  [[nodiscard]] LimitEntry& entry(std::uint32_t index) const { return memory_.entries[index]; }
  [[nodiscard]] StepBlock* block(const LimitEntry& entry) const;
  [[nodiscard]] static bool in_use(std::uint64_t name);
  [[nodiscard]] static WindowKind kind(const LimitEntry& entry);
  [[nodiscard]] std::uint32_t capacity() const {
    return static_cast<std::uint32_t>(memory_.entries.size());
  }

 private:
  enum class Claim : std::uint8_t { established, lost, no_room };

  [[nodiscard]] std::uint32_t home(std::uint64_t identity) const;
  [[nodiscard]] std::uint32_t behind(std::uint32_t home, std::uint32_t displacement) const;
  std::optional<Place> try_add(const LimitTerms& terms, LimitTime now, bool& no_room);
  bool others_give_way(std::uint64_t identity, Place mine);
  bool prepare(LimitEntry& entry, const LimitTerms& terms, std::uint64_t name);
  void free_place(Place place);
  [[nodiscard]] bool idle(const LimitEntry& entry, std::uint64_t taken, LimitTime now) const;

  std::uint32_t take_block();
  void return_block(std::uint32_t index);

  LimitMemory memory_;
  std::uint32_t incarnation_;
};

}  // namespace headrace::core
