#include "core/slot_pool.h"

#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/core/process_memory.h"

namespace headrace::core {
namespace {

struct Thing {
  explicit Thing(int number_given, int* alive_given = nullptr)
      : number(number_given), alive(alive_given) {
    if (alive != nullptr) ++*alive;
  }
  ~Thing() {
    if (alive != nullptr) --*alive;
  }
  int number;
  int* alive;
};

TEST(SlotPool, BuildsAndDestroysInPlace) {
  int alive = 0;
  SlotPool<Thing> pool("things", 4);
  Thing* thing = pool.make(7, &alive);
  ASSERT_NE(thing, nullptr);
  EXPECT_EQ(thing->number, 7);
  EXPECT_EQ(alive, 1);
  EXPECT_EQ(pool.in_use(), 1U);
  pool.destroy(*thing);
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(SlotPool, RefusesBeyondItsCapacityAndGoesOnAfterwards) {
  SlotPool<Thing> pool("things", 3);
  std::array<Thing*, 3> things{pool.make(0), pool.make(1), pool.make(2)};
  EXPECT_TRUE(pool.full());
  EXPECT_EQ(pool.make(3), nullptr);
  pool.destroy(*things[1]);
  things[1] = pool.make(4);
  ASSERT_NE(things[1], nullptr);
  for (Thing* thing : things)
    pool.destroy(*thing);
}

TEST(SlotPool, ReusesTheLastFreedSlotFirst) {
  SlotPool<Thing> pool("things", 8);
  Thing* one = pool.make(1);
  Thing* two = pool.make(2);
  pool.destroy(*one);
  pool.destroy(*two);
  Thing* again = pool.make(3);
  EXPECT_EQ(again, two);
  pool.destroy(*again);
}

TEST(SlotPool, AHandleFindsItsObjectUntilItIsGone) {
  SlotPool<Thing> pool("things", 2);
  Thing* thing = pool.make(1);
  const Handle<Thing> handle = pool.handle_of(*thing);
  EXPECT_EQ(pool.find(handle), thing);
  pool.destroy(*thing);
  EXPECT_EQ(pool.find(handle), nullptr);
  Thing* successor = pool.make(2);
  EXPECT_EQ(successor, thing) << "the slot must be reused for this test to mean something";
  EXPECT_EQ(pool.find(handle), nullptr);
  EXPECT_NE(pool.handle_of(*successor), handle);
  pool.destroy(*successor);
}

TEST(SlotPool, RefusesHandlesThatNeverNamedAnything) {
  SlotPool<Thing> pool("things", 2);
  Thing* thing = pool.make(1);
  EXPECT_FALSE(Handle<Thing>{});
  EXPECT_EQ(pool.find({}), nullptr);
  EXPECT_EQ(pool.find({.index = 0, .generation = 0}), nullptr);
  EXPECT_EQ(pool.find({.index = 0, .generation = 2}), nullptr);
  EXPECT_EQ(pool.find({.index = 1, .generation = 1}), nullptr);
  EXPECT_EQ(pool.find({.index = UINT32_MAX, .generation = UINT32_MAX}), nullptr);
  pool.destroy(*thing);
}

TEST(SlotPool, VisitsExactlyTheObjectsInUse) {
  SlotPool<Thing> pool("things", 8);
  std::array<Thing*, 6> things{};
  for (std::size_t i = 0; i < things.size(); ++i)
    things[i] = pool.make(static_cast<int>(i));
  pool.destroy(*things[2]);
  pool.destroy(*things[5]);
  std::set<int> seen;
  pool.for_each([&](Thing& thing) {
    seen.insert(thing.number);
    pool.destroy(thing);
  });
  EXPECT_EQ(seen, (std::set{0, 1, 3, 4}));
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(SlotPool, MapsWhatItPlansAndTouchesOnlyWhatIsUsed) {
  struct Page {
    char bytes[4088];
  };
  constexpr std::uint32_t kCapacity = 64 * 1024;
  const std::size_t planned = SlotPool<Page>::planned_bytes(kCapacity);
  EXPECT_EQ(planned, std::size_t{4096} * kCapacity);
  const std::size_t mapped_before = mapped_bytes();
  const std::size_t resident_before = resident_bytes();
  SlotPool<Page> pool("pages", kCapacity);
  EXPECT_NEAR(static_cast<double>(mapped_bytes() - mapped_before), static_cast<double>(planned),
              1 << 20);
  for (int i = 0; i < 10; ++i)
    pool.destroy(*pool.make());
#if !defined(HEADRACE_SANITIZED)
  EXPECT_LT(resident_bytes() - resident_before, std::size_t{1} << 20U);
#else
  (void)resident_before;
#endif
}

TEST(SlotPoolDeathTest, FindsMistakes) {
  SlotPool<Thing> pool("things", 2);
  SlotPool<Thing> other("others", 2);
  Thing* thing = pool.make(1);
  EXPECT_DEATH(other.destroy(*thing), "another pool");
  EXPECT_DEATH(
      {
        pool.destroy(*thing);
        pool.destroy(*thing);
      },
      "destroyed twice");
  pool.destroy(*thing);
  EXPECT_DEATH(
      {
        SlotPool<Thing> leaking("things", 2);
        (void)leaking.make(1);
      },
      "before its objects");
}

TEST(ReservedMemoryDeathTest, RefusedMemoryIsToldInWords) {
  EXPECT_EXIT(ReservedMemory("dreams", std::size_t{1} << 60U), testing::ExitedWithCode(1),
              "cannot reserve .* for dreams: .*ulimit -v");
}

TEST(ReservedMemory, PagesGivenBackReadAsZeroAndNothingElseChanges) {
  ReservedMemory memory("test", 4 * kPageBytes);
  for (std::size_t i = 0; i < memory.size(); ++i)
    memory.data()[i] = std::byte{1};
  // Not page-aligned at either end: only whole pages within go.
  memory.give_back_pages(100, 3 * kPageBytes);
  EXPECT_EQ(memory.data()[0], std::byte{1});
  EXPECT_EQ(memory.data()[kPageBytes - 1], std::byte{1});
  EXPECT_EQ(memory.data()[kPageBytes], std::byte{0});
  EXPECT_EQ(memory.data()[3 * kPageBytes - 1], std::byte{0});
  EXPECT_EQ(memory.data()[3 * kPageBytes], std::byte{1});
}

}  // namespace
}  // namespace headrace::core
