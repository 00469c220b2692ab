#include "core/cache/sieve_queue.h"

#include <array>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

struct World {
  std::array<SieveLinks, 512> links{};
  std::array<bool, 512> visited{};
  SieveQueue queue{links};

  std::uint32_t take() {
    return queue.take([this](std::uint32_t at) { return std::exchange(visited[at], false); });
  }
};

TEST(SieveQueue, WithoutVisitsTheOldestGoesFirst) {
  World world;
  for (std::uint32_t i = 0; i < 5; ++i)
    world.queue.push(i);
  for (std::uint32_t i = 0; i < 5; ++i)
    EXPECT_EQ(world.take(), i);
  EXPECT_TRUE(world.queue.empty());
}

// The example of the paper's figure: the hand keeps its place between evictions.
TEST(SieveQueue, SparesWhatWasVisitedAndGoesOnFromWhereItStood) {
  World world;
  for (std::uint32_t i = 0; i < 6; ++i)
    world.queue.push(i);
  world.visited[0] = world.visited[1] = world.visited[3] = true;
  EXPECT_EQ(world.take(), 2U);  // 0 and 1 are spared
  world.queue.push(6);
  EXPECT_EQ(world.take(), 4U);  // goes on at 3, which is spared
  EXPECT_EQ(world.take(), 5U);
  EXPECT_EQ(world.take(), 6U);
  EXPECT_EQ(world.take(), 0U);  // round: their bits were cleared
}

TEST(SieveQueue, RemovingTheOneUnderTheHandMovesTheHandOn) {
  World world;
  for (std::uint32_t i = 0; i < 4; ++i)
    world.queue.push(i);
  world.visited[0] = true;
  EXPECT_EQ(world.take(), 1U);  // the hand stands at 2
  world.queue.remove(2);
  EXPECT_EQ(world.take(), 3U);
  world.queue.remove(0);
  EXPECT_TRUE(world.queue.empty());
  world.queue.push(9);
  EXPECT_EQ(world.take(), 9U);
}

TEST(SieveQueue, WhereEverythingWasVisitedTheSearchIsBoundedAllTheSame) {
  World world;
  for (std::uint32_t i = 0; i < 500; ++i) {
    world.queue.push(i);
    world.visited[i] = true;
  }
  std::uint32_t asked = 0;
  const std::uint32_t gone = world.queue.take([&](std::uint32_t) { return ++asked, true; });
  EXPECT_EQ(asked, SieveQueue::kSparedMax);
  EXPECT_EQ(gone, SieveQueue::kSparedMax);
}

}  // namespace
}  // namespace headrace::core
