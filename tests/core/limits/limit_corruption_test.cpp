// Words of the shared region overwritten by somebody: nothing crashes, hangs or leaves the memory.
#include <cstring>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "core/limits/limit_recovery.h"
#include "core/random.h"
#include "tests/core/limits/limit_world.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

LimitTerms terms_of(std::uint64_t limit, Duration at) {
  switch (limit % 4) {
    case 0:
      return LimitTerms::sliding(limit + 1, 2000, 1s);
    case 1:
      return LimitTerms::bucket(limit + 1, 2000, 2000, 1s);
    case 2:
      return LimitTerms::calendar(limit + 1, 2000, static_cast<std::uint16_t>(20'000 + at / 1s),
                                  limit_time((at / 1s + 1) * 1s).wall);
    default:
      return LimitTerms::concurrency(limit + 1, 5);
  }
}

void use(ShardLimits& shard, Random& random, Duration at, std::vector<Permit>& held) {
  const LimitTime now = limit_time(at);
  for (int i = 0; i < 60; ++i) {
    const LimitTerms terms = terms_of(random.below(12), at);
    const LimitDemand demand{.terms = terms, .amount = static_cast<std::int64_t>(random.below(3))};
    Permit permit;
    const auto refusal = shard.take({&demand, 1}, now, permit);
    if (!refusal && random.one_in(2)) held.push_back(std::move(permit));
    const LimitReading reading = shard.read(terms, now);
    EXPECT_GE(reading.remaining, 0);
    EXPECT_LE(reading.remaining, 2 * terms.credit);
    if (held.size() > 8) {
      const std::int64_t used = static_cast<std::int64_t>(random.below(5));
      held[random.below(held.size())].settle({&used, 1}, now);
      std::erase_if(held, [](const Permit& one) { return one.empty(); });
    }
  }
  shard.tend(now);
}

void overwrite(std::span<std::byte> memory, Random& random) {
  const std::size_t words = memory.size() / 8;
  for (std::uint64_t i = 1 + random.below(6); i > 0; --i) {
    std::uint64_t word = 0;
    std::byte* const place = memory.data() + random.below(words) * 8;
    std::memcpy(&word, place, 8);
    switch (random.below(3)) {
      case 0:
        word = random.next();
        break;
      case 1:
        word ^= std::uint64_t{1} << random.below(64);
        break;
      default:
        word = random.one_in(2) ? 0 : ~std::uint64_t{0};
    }
    std::memcpy(place, &word, 8);
  }
}

TEST(LimitWordsOverwritten, NeitherCrashNorHangNorLeaveTheMemory) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    LimitWorld world{{.entries = 16, .blocks = 8, .shards = 2}};
    const LimitMemory& memory = world.memory();
    std::vector<std::unique_ptr<ShardLimits>> shards;
    shards.push_back(world.shard(0));
    shards.push_back(world.shard(1));
    std::vector<Permit> held;
    Duration at{};
    for (int round = 0; round < 12; ++round) {
      for (const auto& shard : shards)
        use(*shard, random, at, held);
      switch (random.below(5)) {
        case 0:
          overwrite(std::as_writable_bytes(memory.blocks), random);
          break;
        case 1:
          overwrite(std::as_writable_bytes(memory.shares_of(0, 0)), random);
          break;
        case 2:
          overwrite(std::as_writable_bytes(std::span(memory.header, 1)), random);
          break;
        default:
          overwrite(std::as_writable_bytes(memory.entries), random);
      }
      at += random.between(1ms, 700ms);
    }
    held.clear();
    recover_limits(memory, 0, limit_time(at));
    collect_lost_step_blocks(memory);
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
  }
}

// A list of free steps that leads into one that a limit uses: two limits must never share them.
TEST(LimitCorruption, AListThatIsNoneIsMadeAnewAtTheNextStart) {
  for (const bool begun_again : {false, true}) {
    const LimitWorld world({.entries = 64, .blocks = 16});
    const LimitMemory& memory = world.memory();
    const auto shard = world.shard(0);
    const auto spend = [&](std::uint64_t identity, std::int64_t amount) {
      const LimitDemand demand{.terms = LimitTerms::sliding(identity, 10, 1min), .amount = amount};
      Permit permit;
      if (shard->take({&demand, 1}, limit_time(0s), permit)) return false;
      permit.settle_as_reserved();
      return true;
    };
    for (std::uint64_t identity = 1; identity <= 8; ++identity)
      ASSERT_TRUE(spend(identity, 9));
    if (begun_again) {
      memory.header->fresh_blocks.store(2);
    } else {
      memory.header->free_blocks.store(std::uint64_t{1} << 32U | 4);  // block 3, and nothing behind
      memory.blocks[3].next_free.store(0);
    }
    collect_lost_step_blocks(memory);
    for (std::uint64_t identity = 9; identity <= 16; ++identity)
      ASSERT_TRUE(spend(identity, 1)) << identity;
    for (std::uint64_t identity = 1; identity <= 8; ++identity) {
      EXPECT_FALSE(spend(identity, 2)) << identity;
      EXPECT_TRUE(spend(identity, 1)) << identity;
    }
    std::vector<bool> used(memory.blocks.size());
    for (const LimitEntry& entry : memory.entries) {
      const std::uint64_t block = (entry.steps.load() & 0xffff'ffffU);
      if (block == 0) continue;
      EXPECT_FALSE(used[block - 1]) << "two limits have block " << block - 1;
      used[block - 1] = true;
    }
  }
}

}  // namespace
}  // namespace headrace::core
