#include "core/cache/free_slots.h"

#include <array>
#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"

namespace headrace::core {
namespace {

TEST(FreeSlots, GivesEachSlotToOneHolderAndThenNone) {
  FreeSlots slots("slots", 3);
  std::set<std::uint32_t> taken;
  for (int i = 0; i < 3; ++i)
    taken.insert(slots.take());
  EXPECT_EQ(taken, (std::set<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(slots.take(), FreeSlots::kNone);
  EXPECT_EQ(slots.taken(), 3U);
  slots.give(1);
  EXPECT_EQ(slots.taken(), 2U);
  EXPECT_EQ(slots.take(), 1U);
}

TEST(FreeSlots, TakesAChainBackInOneStepAndGivesItOutInItsOrder) {
  FreeSlots slots("slots", 8);
  std::array<std::uint32_t, 4> chain{};
  for (std::uint32_t& slot : chain)
    slot = slots.take();
  for (std::size_t i = 0; i + 1 < chain.size(); ++i)
    slots.link(chain[i], chain[i + 1]);
  slots.give_chain(chain.front(), chain.back(), chain.size());
  EXPECT_EQ(slots.taken(), 0U);
  for (const std::uint32_t slot : chain)
    EXPECT_EQ(slots.take(), slot);
}

// A is read as the head by one thread, then taken, B taken, A given back: without the count of
// changes the first thread would make B, which is taken, the head.
TEST(FreeSlots, NobodyHoldsASlotThatAnotherHoldsWhateverIsPutBackInBetween) {
  constexpr std::uint32_t kSlots = 3;  // few, so that the same ones come and go all the time
  constexpr int kRounds = 60'000;
  FreeSlots slots("slots", kSlots);
  std::array<std::atomic<int>, kSlots> holders{};
  std::atomic<int> held_twice{0};
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([&, seed] {
      Random random(seed);
      for (int round = 0; round < kRounds; ++round) {
        const std::uint32_t wanted = 1 + static_cast<std::uint32_t>(random.below(2));
        std::uint32_t first = FreeSlots::kNone;
        std::uint32_t last = FreeSlots::kNone;
        std::uint32_t count = 0;
        for (; count < wanted; ++count) {
          const std::uint32_t slot = slots.take();
          if (slot == FreeSlots::kNone) break;
          if (holders[slot].fetch_add(1) != 0) held_twice.fetch_add(1);
          slots.link(slot, first);
          if (last == FreeSlots::kNone) last = slot;
          first = slot;
        }
        if (count == 0) continue;
        for (std::uint32_t at = first; at != FreeSlots::kNone; at = slots.next(at)) {
          holders[at].fetch_sub(1);
          if (at == last) break;
        }
        slots.give_chain(first, last, count);
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(held_twice.load(), 0);
  EXPECT_EQ(slots.taken(), 0U);
  std::set<std::uint32_t> all;
  for (std::uint32_t i = 0; i < kSlots; ++i)
    all.insert(slots.take());
  EXPECT_EQ(all.size(), kSlots);
  EXPECT_EQ(all.count(FreeSlots::kNone), 0U);
}

}  // namespace
}  // namespace headrace::core
