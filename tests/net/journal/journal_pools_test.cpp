// What the journal tells a successor of pools: what was spent, and never before who spent it.
#include <string>

#include <gtest/gtest.h>

#include "net/journal/journal.h"
#include "tests/net/journal/journal_life.h"

namespace headrace::net {
namespace {

using std::chrono::seconds;

TEST_F(JournalOnMemory, RebuildsPoolsFromCheckpointAndChanges) {
  Pools pools;
  pools.spent = {{.identity = 1, .window = 20'000, .spent = 5},
                 {.identity = 2, .window = 20'000, .spent = 7}};
  {
    JournalOptions options;
    options.segment_age_max = seconds(1);
    Life life(*region, files, kBegin, options);
    ASSERT_TRUE(life.journal->set_pools(pools));
    EXPECT_TRUE(pools.restored.empty());
    ASSERT_TRUE(life.step());
    pools.spent[0].spent = 50;
    ASSERT_TRUE(life.step());
    pools.spent[1] = {.identity = 2, .window = 20'001, .spent = 1};
    ASSERT_TRUE(life.step());
    ASSERT_TRUE(life.step());
    ASSERT_TRUE(life.step());
    EXPECT_GT(files.files.size(), 2U) << "segments that were begun meanwhile";
  }
  files.lose_power();
  reboot();
  Life life(*region, files, kBegin);
  Pools again;
  ASSERT_TRUE(life.journal->set_pools(again));
  ASSERT_EQ(again.restored.size(), 2U);
  EXPECT_EQ(again.restored[0], (core::PoolSpent{.identity = 1, .window = 20'000, .spent = 50}));
  EXPECT_EQ(again.restored[1], (core::PoolSpent{.identity = 2, .window = 20'001, .spent = 1}));
  life.end();
}

// Whatever a power failure cuts off: behind its records the spend cannot be missing.
TEST_F(JournalOnMemory, WritesPoolsBeforeTheRecordsThatSpentThem) {
  Pools pools;
  Life life(*region, files, kBegin);
  ASSERT_TRUE(life.journal->set_pools(pools));
  ASSERT_TRUE(life.step());
  // A request that ends while pools are looked at has spent what is not in them yet.
  std::int64_t ended = 0;
  const auto end_one = [&] {
    pools.spent = {{.identity = 1, .window = 20'000, .spent = ++ended}};
    life.serve(1);
  };
  pools.before_collecting = [&, late = false]() mutable {
    if (std::exchange(late, true)) return;
    ++ended;
    life.serve(1);
  };
  for (int round = 0; round < 5; ++round) {
    end_one();
    ASSERT_TRUE(life.step());
  }
  std::int64_t spent = 0;
  std::int64_t records = 0;
  for (const auto& [number, content] : files.files) {
    auto reader = policy::SegmentReader::open(content->bytes);
    ASSERT_TRUE(reader);
    while (const auto frame = reader->next()) {
      if (frame->kind == policy::FrameKind::pools) {
        core::PoolSpent pool;
        ASSERT_EQ(frame->payload.size(), sizeof pool);
        std::memcpy(&pool, frame->payload.data(), sizeof pool);
        spent = std::max(spent, pool.spent);
      }
      if (frame->kind == policy::FrameKind::usage) {
        EXPECT_LE(++records, spent) << "of segment " << number;
      }
    }
  }
  EXPECT_EQ(records, 6);
  life.end();
}

TEST_F(JournalOnMemory, CarriesPoolsOnWhereASuccessorDiesBeforeItHasThem) {
  Pools pools;
  pools.spent = {{.identity = 1, .window = 20'000, .spent = 5}};
  {
    Life life(*region, files, kBegin);
    ASSERT_TRUE(life.journal->set_pools(pools));
    ASSERT_TRUE(life.step());
  }
  for (int start = 0; start < 3; ++start) {
    files.lose_power();
    reboot();
    Life life(*region, files, kBegin);  // it has opened a segment, and is gone
  }
  files.lose_power();
  reboot();
  Life life(*region, files, kBegin);
  Pools again;
  ASSERT_TRUE(life.journal->set_pools(again));
  EXPECT_EQ(again.restored, pools.spent);
  life.end();
}

TEST_F(JournalOnMemory, DoesNotServeWherePoolsHaveNoRoom) {
  Life life(*region, files, kBegin);
  for (const std::size_t count : {1U, 3U}) {
    Pools pools;
    pools.no_room = count;
    const auto set = life.journal->set_pools(pools);
    ASSERT_FALSE(set) << count;
    const std::string told = "limits_in_use_max has no room for " + std::to_string(count);
    EXPECT_NE(set.error().find(told), std::string::npos) << set.error();
  }
}

}  // namespace
}  // namespace headrace::net
