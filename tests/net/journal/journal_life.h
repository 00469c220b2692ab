// The lives of data planes that keep a journal, one after the other, over files in memory.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/journal/journal.h"
#include "net/journal/record_areas.h"
#include "policy/record/record_codec.h"
#include "policy/record/segment_reader.h"
#include "policy/record/shard_records.h"
#include "tests/net/journal/journal_geometry.h"
#include "tests/net/journal/memory_files.h"

namespace headrace::net {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kBegin = 1'800'000'000 * kSecond;

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
      records.back()->hear_of_gaps(journal->gaps(shard));
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
    record.ending = policy::RecordEnding::answered;
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
    now += std::chrono::seconds(2);
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
  core::Instant now{std::chrono::seconds(10)};
  std::int64_t wall = kBegin;
};

class JournalOnMemory : public testing::Test {
 protected:
  void reboot() {
    region.emplace(
        core::SharedRegion::make_anonymous(journal_geometry(2), {kBegin}, ++identity).value());
  }
  // All rows that segments hold, by id; each at most once.
  std::map<policy::RecordId, policy::RecordEnding> rows() {
    std::map<policy::RecordId, policy::RecordEnding> found;
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
  static std::size_t lost(const std::map<policy::RecordId, policy::RecordEnding>& rows) {
    return static_cast<std::size_t>(std::ranges::count_if(
        rows, [](const auto& row) { return row.second == policy::RecordEnding::lost; }));
  }

  MemoryFiles files;
  std::uint64_t identity = 100;
  std::optional<core::SharedRegion> region =
      core::SharedRegion::make_anonymous(journal_geometry(2), {kBegin}, 100).value();
  std::size_t closed_segments = 0;
  std::size_t open_segments = 0;
  std::uint64_t refusals = 0;
};

}  // namespace headrace::net
