// A new version is started where an older one was killed: what that had under way, in the region
// and in the journal, has its records, each once.
#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "core/crc32c.h"
#include "net/journal/journal.h"
#include "net/journal/record_areas.h"
#include "policy/record/record_codec.h"
#include "policy/record/segment_reader.h"
#include "policy/record/shard_records.h"
#include "tests/net/journal/journal_geometry.h"
#include "tests/net/journal/memory_files.h"
#include "tests/policy/record/record_of_version_1.h"

namespace headrace::net {
namespace {

using policy::FrameKind;
using policy::RecordEnding;
using std::chrono::seconds;

constexpr core::WallTime kBegin{1'800'000'000'000'000'000};

// Every usage record and intent of a segment, as another version wrote it.
template <class Change>
void rewrite(std::vector<std::byte>& segment, const Change& change) {
  auto reader = policy::SegmentReader::open(segment);
  ASSERT_TRUE(reader);
  std::vector<std::byte> written(segment.begin(),
                                 segment.begin() + static_cast<std::ptrdiff_t>(reader->offset()));
  while (const auto frame = reader->next()) {
    const bool record = frame->kind == FrameKind::usage || frame->kind == FrameKind::intent;
    const std::vector<std::byte> payload(frame->payload.begin(), frame->payload.end());
    policy::append_frame(written, reader->identity().number, 0, frame->kind, frame->position,
                         record ? change(payload) : payload);
  }
  segment = std::move(written);
}

class JournalUpgrade : public testing::Test {
 protected:
  // Serves one request whole, and has two under way, of which one has its intent on the disk; one
  // more ends, and the process is killed before the journal has its record.
  void serve_and_be_killed() {
    std::optional<core::Incarnation> own = core::Incarnation::claim(*region, kBegin).value();
    auto journal = Journal::open(files, {}, *region, &*own, {}, kBegin);
    ASSERT_TRUE(journal) << journal.error();
    policy::ShardRecords records({.region = region->identity(),
                                  .epoch = static_cast<std::uint32_t>(own->epoch()),
                                  .shard = 0},
                                 record_areas(*region, own->number(), 0));
    policy::UsageRecord intent;
    intent.tenant = "acme";
    policy::UsageRecord answered = intent;
    answered.ending = RecordEnding::answered;
    policy::RecordTicket tickets[4];
    for (policy::RecordTicket& ticket : tickets)
      ASSERT_TRUE(records.begin(ticket, intent));
    ASSERT_TRUE(records.write_intent(tickets[0]));
    ASSERT_TRUE(records.write_intent(tickets[1]));
    records.settle(tickets[0], answered);
    ASSERT_TRUE((*journal)->step(core::Instant{seconds(10)}, kBegin));
    records.settle(tickets[3], answered);
    slot = own->number();
  }

  // What was in the in-flight table and is on the disk.
  template <class Change>
  void become_another_version(const Change& change) {
    for (const auto& [number, content] : files.files) {
      rewrite(content->bytes, change);
      content->synced = content->bytes;
    }
    const auto areas = record_areas(*region, slot, 0);
    for (core::InFlightEntry& entry : core::in_flight_entries(areas.in_flight)) {
      const auto sight = core::look_at(entry);
      if (!sight) continue;
      const std::vector<std::byte> intent =
          change(std::vector<std::byte>(sight->intent.begin(), sight->intent.end()));
      std::ranges::copy(intent, entry.intent.begin());
      entry.intent_bytes = static_cast<std::uint32_t>(intent.size());
      entry.intent_crc = core::crc32c(intent);
    }
  }

  // Starts, settles what it finds, and ends.
  void live() {
    std::vector<core::Incarnation> orphans = core::Incarnation::claim_orphans(*region);
    std::optional<core::Incarnation> own = core::Incarnation::claim(*region, kBegin).value();
    auto journal = Journal::open(files, {}, *region, &*own, std::move(orphans), kBegin);
    ASSERT_TRUE(journal) << journal.error();
    for (int i = 1; i < 4; ++i)
      ASSERT_TRUE((*journal)->step(core::Instant{seconds(10 + 2 * i)}, kBegin));
    EXPECT_FALSE((*journal)->recovering());
    damaged = (*journal)->statistics().records_damaged.value();
    (*journal)->close(kBegin);
    own->finish();
  }

  // By how each record ended, how often: no record twice.
  std::map<RecordEnding, int> endings() {
    std::map<RecordEnding, int> found;
    std::map<policy::RecordId, int> times;
    for (const auto& [number, content] : files.files) {
      auto reader = policy::SegmentReader::open(content->bytes);
      while (const auto frame = reader->next()) {
        if (frame->kind != FrameKind::usage) continue;
        const auto record = policy::decode_record(frame->payload);
        EXPECT_TRUE(record);
        if (!record) continue;
        EXPECT_EQ(++times[record->id], 1);
        EXPECT_EQ(record->tenant, "acme");
        ++found[record->ending];
      }
    }
    return found;
  }

  void reboot() {
    region.emplace(core::SharedRegion::make_anonymous(journal_geometry(1), kBegin, 101).value());
  }

  MemoryFiles files;
  std::uint32_t slot = 0;
  std::uint64_t damaged = 0;
  std::optional<core::SharedRegion> region =
      core::SharedRegion::make_anonymous(journal_geometry(1), kBegin, 100).value();
};

TEST_F(JournalUpgrade, RecordsOfVersion1AreTakenOverFromTheRegion) {
  serve_and_be_killed();
  become_another_version([](std::vector<std::byte> bytes) { return policy::as_version_1(bytes); });
  for (int i = 0; i < 3; ++i)
    live();
  EXPECT_EQ(endings(),
            (std::map<RecordEnding, int>{{RecordEnding::answered, 2}, {RecordEnding::lost, 2}}));
  EXPECT_EQ(damaged, 0U);
}

TEST_F(JournalUpgrade, IntentsOfVersion1BecomeRecordsWhenTheMemoryIsGone) {
  serve_and_be_killed();
  become_another_version([](std::vector<std::byte> bytes) { return policy::as_version_1(bytes); });
  files.lose_power();
  reboot();
  for (int i = 0; i < 3; ++i)
    live();
  EXPECT_EQ(endings(),
            (std::map<RecordEnding, int>{{RecordEnding::answered, 1}, {RecordEnding::lost, 1}}));
}

// Whoever goes back to an older version loses nothing by it that is in the journal.
TEST_F(JournalUpgrade, IntentsOfAVersionToComeAreKeptForIt) {
  serve_and_be_killed();
  const auto newer = [](std::vector<std::byte> bytes) {
    bytes[offsetof(policy::RecordHead, version)] = std::byte{policy::kRecordVersion + 1};
    return bytes;
  };
  const auto known = [](std::vector<std::byte> bytes) {
    bytes[offsetof(policy::RecordHead, version)] = std::byte{policy::kRecordVersion};
    return bytes;
  };
  become_another_version(newer);
  files.lose_power();
  reboot();
  for (int i = 0; i < 3; ++i)
    live();
  for (const auto& [number, content] : files.files)
    rewrite(content->bytes, known);
  EXPECT_EQ(endings(), (std::map<RecordEnding, int>{{RecordEnding::answered, 1}}));
  live();
  EXPECT_EQ(endings(),
            (std::map<RecordEnding, int>{{RecordEnding::answered, 1}, {RecordEnding::lost, 1}}));
}

}  // namespace
}  // namespace headrace::net
