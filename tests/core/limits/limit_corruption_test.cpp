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

}  // namespace
}  // namespace headrace::core
