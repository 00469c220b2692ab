// The journal over a disk in memory: what is written once, what survives, and what a disk that is
// full or fails makes of it.
#include "net/journal/journal.h"

#include <functional>
#include <map>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "net/journal/record_areas.h"
#include "policy/record/record_codec.h"
#include "policy/record/segment_reader.h"
#include "policy/record/shard_records.h"
#include "tests/core/temporary_folder.h"
#include "tests/net/journal/journal_geometry.h"
#include "tests/net/journal/memory_files.h"

namespace headrace::net {
namespace {

using policy::RecordEnding;
using std::chrono::seconds;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kBegin = 1'800'000'000 * kSecond;

// Pools as the limits would keep them.
class Pools final : public core::PoolLedger {
 public:
  std::vector<core::PoolSpent> spent;
  std::vector<core::PoolSpent> restored;
  void collect(std::vector<core::PoolSpent>& pools) override {
    collected = spent;
    pools.insert(pools.end(), spent.begin(), spent.end());
  }
  void collect_changed(std::vector<core::PoolSpent>& pools) override {
    if (before_collecting) before_collecting();
    for (const core::PoolSpent& pool : spent) {
      if (std::ranges::find(collected, pool) == collected.end()) pools.push_back(pool);
    }
    collected = spent;
  }
  void collect_all_again() override { collected.clear(); }
  core::PoolsRestored restore(std::span<const core::PoolSpent> pools) override {
    restored.assign(pools.begin(), pools.end());
    return {.restored = pools.size(), .by_place = 0, .ended = 0, .no_room = no_room};
  }
  std::function<void()> before_collecting;
  std::uint64_t no_room = 0;

 private:
  std::vector<core::PoolSpent> collected;
};

// One life of a data plane.
struct Life {
  Life(core::SharedRegion& region, MemoryFiles& files, std::int64_t unix_nanos,
       const JournalOptions& options = {})
      : shared(region) {
    std::vector<core::Incarnation> orphans = core::Incarnation::claim_orphans(region);
    auto claimed = core::Incarnation::claim(region, {unix_nanos});
    EXPECT_TRUE(claimed) << claimed.error();
    own.emplace(std::move(*claimed));
    auto opened = Journal::open(files, options, region, &*own, std::move(orphans), {unix_nanos});
    EXPECT_TRUE(opened) << opened.error();
    journal = std::move(*opened);
    for (std::uint32_t shard = 0; shard < region.geometry().shards; ++shard) {
      records.push_back(std::make_unique<policy::ShardRecords>(
          policy::RecordSource{.region = region.identity(),
                               .epoch = static_cast<std::uint32_t>(own->epoch()),
                               .shard = shard},
          record_areas(region, own->number(), shard)));
    }
  }

  bool begin(policy::RecordTicket& ticket, std::size_t shard = 0) {
    policy::UsageRecord intent;
    intent.tenant = "acme";
    return records[shard]->begin(ticket, intent);
  }
  void settle(policy::RecordTicket& ticket, std::size_t shard = 0) {
    policy::UsageRecord record;
    record.tenant = "acme";
    record.ending = RecordEnding::answered;
    records[shard]->settle(ticket, record);
  }
  void serve(std::size_t requests, std::size_t shard = 0) {
    for (std::size_t i = 0; i < requests; ++i) {
      policy::RecordTicket ticket;
      ASSERT_TRUE(begin(ticket, shard));
      settle(ticket, shard);
    }
  }
  bool step() {
    now += seconds(2);
    return journal->step(now, {wall += 2 * kSecond});
  }
  void end() {
    for (const auto& shard : records)
      shard->refusals().seal(0, true);
    journal->close({wall});
    own->finish();
  }

  core::SharedRegion& shared;
  std::optional<core::Incarnation> own;
  std::unique_ptr<Journal> journal;
  std::vector<std::unique_ptr<policy::ShardRecords>> records;
  core::Instant now{seconds(10)};
  std::int64_t wall = kBegin;
};

class JournalOnMemory : public testing::Test {
 protected:
  void reboot() {
    region.emplace(
        core::SharedRegion::make_anonymous(journal_geometry(2), {kBegin}, ++identity).value());
  }
  // All rows that segments hold, by id; each at most once.
  std::map<policy::RecordId, RecordEnding> rows() {
    std::map<policy::RecordId, RecordEnding> found;
    closed_segments = open_segments = 0;
    refusals = 0;
    for (const auto& [number, content] : files.files) {
      auto reader = policy::SegmentReader::open(content->bytes);
      EXPECT_TRUE(reader);
      if (!reader) continue;
      while (const auto frame = reader->next()) {
        if (frame->kind == policy::FrameKind::refusals) {
          policy::RefusalMinute minute;
          EXPECT_TRUE(policy::decode_refusals(frame->payload, minute));
          for (const policy::RefusalCount& count : minute.counts)
            refusals += count.count;
        }
        if (frame->kind != policy::FrameKind::usage) continue;
        const auto record = policy::decode_record(frame->payload);
        EXPECT_TRUE(record);
        EXPECT_TRUE(found.emplace(record->id, record->ending).second)
            << to_text(record->id) << " stands there twice";
      }
      reader->closed() ? ++closed_segments : ++open_segments;
    }
    return found;
  }
  static std::size_t lost(const std::map<policy::RecordId, RecordEnding>& rows) {
    return static_cast<std::size_t>(std::ranges::count_if(
        rows, [](const auto& row) { return row.second == RecordEnding::lost; }));
  }

  MemoryFiles files;
  std::uint64_t identity = 100;
  std::optional<core::SharedRegion> region =
      core::SharedRegion::make_anonymous(journal_geometry(2), {kBegin}, 100).value();
  std::size_t closed_segments = 0;
  std::size_t open_segments = 0;
  std::uint64_t refusals = 0;
};

TEST_F(JournalOnMemory, HoldsEveryRecordOfEveryShardOnce) {
  Life life(*region, files, kBegin);
  std::size_t served = 0;
  for (int round = 0; round < 50; ++round) {
    life.serve(7, 0);
    life.serve(5, 1);
    served += 12;
    ASSERT_TRUE(life.step());
  }
  EXPECT_EQ(rows().size(), served);
  life.end();
  EXPECT_EQ(rows().size(), served);
  EXPECT_EQ(open_segments, 0U);
  EXPECT_EQ(life.journal->statistics().records.value(), served);
}

TEST_F(JournalOnMemory, GivesRoomBackOnlyWhenItIsOnTheDisk) {
  Life life(*region, files, kBegin);
  ASSERT_TRUE(life.step());
  files.room = files.used() + 100;
  std::size_t served = 0;
  policy::RecordTicket ticket;
  while (life.begin(ticket)) {
    life.settle(ticket);
    ++served;
    EXPECT_FALSE(life.step()) << "the disk is full";
  }
  EXPECT_GT(served, 30U);
  EXPECT_EQ(life.journal->statistics().stalled.value(), 1);
  files.room = UINT64_MAX;
  ASSERT_TRUE(life.step());
  EXPECT_EQ(life.journal->statistics().stalled.value(), 0);
  EXPECT_TRUE(life.begin(ticket)) << "there is room again at once";
  life.settle(ticket);
  ASSERT_TRUE(life.step());
  EXPECT_EQ(rows().size(), served + 1);
}

TEST_F(JournalOnMemory, BeginsAnotherSegmentWhereASyncHasFailed) {
  Life life(*region, files, kBegin);
  life.serve(3);
  ASSERT_TRUE(life.step());
  files.sync_error = EIO;
  life.serve(4);
  EXPECT_FALSE(life.step());
  EXPECT_FALSE(life.step());
  files.sync_error = 0;
  ASSERT_TRUE(life.step());
  EXPECT_EQ(rows().size(), 7U);
  files.lose_power();
  EXPECT_EQ(rows().size(), 7U) << "what was acknowledged is on the disk";
}

TEST_F(JournalOnMemory, TakesOverWhatADeadProcessLeft) {
  for (std::size_t drained : {0U, 2U, 5U}) {
    files.files.clear();
    reboot();
    {
      Life life(*region, files, kBegin);
      std::vector<policy::RecordTicket> tickets(5);
      for (std::size_t i = 0; i < tickets.size(); ++i) {
        ASSERT_TRUE(life.begin(tickets[i], i % 2));
        if (i < drained) life.settle(tickets[i], i % 2);
      }
      ASSERT_TRUE(life.step());
      for (std::size_t i = drained; i < 3; ++i)
        life.settle(tickets[i], i % 2);
      life.records[0]->refusals().add(1, "acme", "ci", "rate_limited", kBegin);
      // Dies here.
    }
    Life life(*region, files, kBegin);
    EXPECT_TRUE(life.journal->recovering());
    ASSERT_TRUE(life.step());
    EXPECT_FALSE(life.journal->recovering());
    const auto found = rows();
    EXPECT_EQ(found.size(), 5U);
    EXPECT_EQ(lost(found), drained == 5 ? 0U : 2U);
    EXPECT_EQ(refusals, 1U);
    EXPECT_EQ(open_segments, 1U) << "that of the living";
    life.end();
  }
}

TEST_F(JournalOnMemory, WritesNothingTwiceHoweverOftenItsSuccessorsDie) {
  std::size_t begun = 0;
  std::size_t deaths = 0;
  // A disk that is full after a few bytes more each time: recovery gets a little further, then the
  // process dies too.
  for (std::uint64_t room = 0; room < 6000; room += 97) {
    files.room = files.used() + room;
    Life life(*region, files, kBegin);
    for (std::size_t i = 0; i < 3; ++i) {
      policy::RecordTicket ticket;
      if (!life.begin(ticket)) continue;
      ++begun;
      if (i == 0) life.settle(ticket);
    }
    life.records[1]->refusals().add(1, "acme", "ci", "rate_limited", kBegin);
    (void)life.step();
    // The slots of incarnations are few: what cannot wait any longer is settled with room.
    files.room = UINT64_MAX;
    if (deaths++ % 2 == 0) {
      ASSERT_TRUE(life.step());
    }
  }
  files.room = UINT64_MAX;
  Life life(*region, files, kBegin);
  ASSERT_TRUE(life.step());
  EXPECT_FALSE(life.journal->recovering());
  EXPECT_EQ(rows().size(), begun);
  EXPECT_EQ(refusals, deaths);
  life.end();
}

TEST_F(JournalOnMemory, SettlesOrphansAlsoWhereNoIncarnationIsFree) {
  files.room = 0;
  std::size_t begun = 0;
  for (std::uint32_t i = 0; i < region->geometry().incarnations; ++i) {
    Life life(*region, files, kBegin);
    policy::RecordTicket ticket;
    ASSERT_TRUE(life.begin(ticket));
    ++begun;
    EXPECT_FALSE(life.step());
  }
  std::vector<core::Incarnation> orphans = core::Incarnation::claim_orphans(*region);
  ASSERT_FALSE(core::Incarnation::claim(*region, {kBegin}));
  files.room = UINT64_MAX;
  auto recovery = Journal::open(files, {}, *region, nullptr, std::move(orphans), {kBegin});
  ASSERT_TRUE(recovery);
  EXPECT_TRUE((*recovery)->step(core::Instant{seconds(5)}, {kBegin}));
  (*recovery)->close({kBegin});
  EXPECT_TRUE(core::Incarnation::claim(*region, {kBegin}));
  EXPECT_EQ(rows().size(), begun);
  EXPECT_EQ(open_segments, 0U);
}

TEST_F(JournalOnMemory, TurnsIntentsIntoRecordsWhenTheMemoryIsGone) {
  std::vector<policy::RecordTicket> tickets(4);
  {
    JournalOptions options;
    options.segment_bytes_max = 1;  // a new segment each time: open intents move on
    Life life(*region, files, kBegin, options);
    for (policy::RecordTicket& ticket : tickets) {
      ASSERT_TRUE(life.begin(ticket));
      const auto place = life.records[0]->write_intent(ticket);
      ASSERT_TRUE(place);
      EXPECT_FALSE(life.records[0]->synced(*place));
      ASSERT_TRUE(life.step());
      EXPECT_TRUE(life.records[0]->synced(*place));
    }
    life.settle(tickets[1]);
    ASSERT_TRUE(life.step());
    life.serve(1);
  }
  files.lose_power();
  reboot();
  for (int start = 0; start < 3; ++start) {
    Life life(*region, files, kBegin);
    ASSERT_TRUE(life.step());
    const auto found = rows();
    EXPECT_EQ(found.size(), 4U) << "the one that had no intent is gone with the power";
    EXPECT_EQ(lost(found), 3U);
    if (start > 0) life.end();
  }
}

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
  Pools pools;
  pools.no_room = 3;
  const auto set = life.journal->set_pools(pools);
  ASSERT_FALSE(set);
  EXPECT_NE(set.error().find("limits_in_use_max has no room for 3"), std::string::npos);
}

TEST_F(JournalOnMemory, KeepsNoMoreSegmentsThanItIsToldAndNeverRemovesTheNewest) {
  JournalOptions options;
  options.segment_bytes_max = 1;
  options.retention_segments_max = 3;
  Life life(*region, files, kBegin, options);
  for (int i = 0; i < 10; ++i) {
    life.serve(1);
    ASSERT_TRUE(life.step());
    EXPECT_LE(files.files.size(), 4U);
  }
  EXPECT_EQ(life.journal->statistics().segments_removed.value(), 6U);
  life.end();
}

// Power fails at every byte that was written, synced or not: the next life finds a prefix.
TEST_F(JournalOnMemory, CutAtEveryByteIsTakenOverAsAPrefix) {
  {
    Life life(*region, files, kBegin);
    for (int i = 0; i < 12; ++i) {
      life.serve(1);
      ASSERT_TRUE(life.step());
    }
  }
  const auto whole = files.files.begin()->second->bytes;
  const std::size_t all = rows().size();
  ASSERT_EQ(all, 12U);
  std::size_t before = 0;
  for (std::size_t size = 0; size <= whole.size(); size += size > 200 && size % 8 == 0 ? 8U : 1U) {
    files.files.clear();
    files.files[1] = std::make_shared<MemoryFiles::Content>();
    files.files[1]->bytes.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    reboot();
    Life life(*region, files, kBegin);
    ASSERT_TRUE(life.step());
    life.serve(1);
    ASSERT_TRUE(life.step());
    life.end();
    const std::size_t found = rows().size() - 1;
    ASSERT_GE(found, before) << size;
    ASSERT_LE(found, all);
    ASSERT_EQ(open_segments, 0U) << "what was cut is closed";
    before = found;
  }
  EXPECT_EQ(before, all);
}

}  // namespace
}  // namespace headrace::net
