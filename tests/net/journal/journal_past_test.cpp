// What a journal finds on the disk when it begins, and must neither lose nor count twice: segments
// that it cannot read, segments of neighbours, segments that it cannot close.
#include "net/journal/journal_past.h"

#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "net/journal/journal.h"
#include "net/journal/record_areas.h"
#include "policy/record/record_codec.h"
#include "policy/record/segment_reader.h"
#include "policy/record/shard_records.h"
#include "tests/net/journal/journal_geometry.h"
#include "tests/net/journal/memory_files.h"

namespace headrace::net {
namespace {

using std::chrono::seconds;

constexpr core::WallTime kBegin{1'800'000'000'000'000'000};

// A data plane of one shard.
struct Plane {
  Plane(core::SharedRegion& region, MemoryFiles& files, const JournalOptions& options = {}) {
    std::vector<core::Incarnation> orphans = core::Incarnation::claim_orphans(region);
    own.emplace(core::Incarnation::claim(region, kBegin).value());
    opened = Journal::open(files, options, region, &*own, std::move(orphans), kBegin);
    EXPECT_TRUE(opened) << opened.error();
    records.emplace(policy::RecordSource{.region = region.identity(),
                                         .epoch = static_cast<std::uint32_t>(own->epoch()),
                                         .shard = 0},
                    record_areas(region, own->number(), 0));
  }
  bool begin(policy::RecordTicket& ticket) {
    policy::UsageRecord intent;
    intent.tenant = "acme";
    return records->begin(ticket, intent);
  }
  void serve() {
    policy::RecordTicket ticket;
    ASSERT_TRUE(begin(ticket));
    policy::UsageRecord record;
    record.ending = policy::RecordEnding::answered;
    records->settle(ticket, record);
  }
  bool step() { return (*opened)->step(now += seconds(2), kBegin); }
  void end() {
    (*opened)->close(kBegin);
    own->finish();
  }

  std::optional<core::Incarnation> own;
  std::expected<std::unique_ptr<Journal>, std::string> opened;
  std::optional<policy::ShardRecords> records;
  core::Instant now{seconds(10)};
};

// How often each record stands on the disk.
std::map<policy::RecordId, int> rows(const MemoryFiles& files) {
  std::map<policy::RecordId, int> found;
  for (const auto& [number, content] : files.files) {
    auto reader = policy::SegmentReader::open(content->bytes);
    if (!reader) continue;
    while (const auto frame = reader->next()) {
      if (frame->kind != policy::FrameKind::usage) continue;
      if (const auto record = policy::decode_record(frame->payload)) ++found[record->id];
    }
  }
  return found;
}

class PastOfAJournal : public testing::Test {
 protected:
  void reboot() {
    region.emplace(
        core::SharedRegion::make_anonymous(journal_geometry(1), kBegin, ++identity).value());
  }

  // The machine that comes back, while what runs on this one goes on.
  void reboot_apart() {
    other_region.emplace(
        core::SharedRegion::make_anonymous(journal_geometry(1), kBegin, ++identity).value());
  }

  MemoryFiles files;
  std::optional<core::SharedRegion> other_region;
  std::uint64_t identity = 100;
  std::optional<core::SharedRegion> region =
      core::SharedRegion::make_anonymous(journal_geometry(1), kBegin, 100).value();
};

TEST_F(PastOfAJournal, LeavesSegmentsAloneThatItCannotRead) {
  {
    Plane plane(*region, files);
    plane.serve();
    ASSERT_TRUE(plane.step());
    plane.end();
  }
  const auto whole = files.files.begin()->second->bytes;
  for (const std::size_t at : {0U, 8U, 20U, 60U}) {  // magic, version, number, checksum
    files.files.clear();
    files.files[5] = std::make_shared<MemoryFiles::Content>();
    files.files[5]->bytes = whole;
    files.files[5]->bytes[at] ^= std::byte{0x40};
    const auto other = files.files[5]->bytes;
    reboot();
    Plane plane(*region, files);
    plane.serve();
    ASSERT_TRUE(plane.step());
    plane.end();
    ASSERT_TRUE(files.files.contains(5)) << "records were thrown away, byte " << at;
    EXPECT_EQ(files.files[5]->bytes, other);
    EXPECT_TRUE(files.files.contains(6));
  }
}

TEST_F(PastOfAJournal, TakesNoSegmentFromANeighbourThatIsJustMakingIt) {
  Plane draining(*region, files);
  files.files[7] = std::make_shared<MemoryFiles::Content>();  // its head is not written yet
  {
    Plane plane(*region, files);
    ASSERT_TRUE(plane.step());
    EXPECT_TRUE(files.files.contains(7)) << "what its neighbour writes there is lost";
    plane.end();
  }
  draining.end();
  Plane alone(*region, files);
  EXPECT_FALSE(files.files.contains(7)) << "it was left by somebody who died";
  alone.end();
}

TEST_F(PastOfAJournal, BeginsBehindTheNumbersThatANeighbourTakesMeanwhile) {
  files.taken_after_listing = 3;
  Plane plane(*region, files);
  plane.serve();
  ASSERT_TRUE(plane.step());
  EXPECT_EQ(rows(files).size(), 1U);
  plane.end();
}

TEST_F(PastOfAJournal, FindsIntentsOfOneWhoHasJustEndedASegmentBesideANeighbour) {
  JournalOptions options;
  options.segment_bytes_max = 1;  // ends with each step
  Plane draining(*region, files, options);
  ASSERT_TRUE(draining.step());  // the past is settled
  policy::RecordTicket ticket;
  ASSERT_TRUE(draining.begin(ticket));
  ASSERT_TRUE(draining.records->write_intent(ticket));
  ASSERT_TRUE(draining.step());
  {
    Plane neighbour(*region, files);
    ASSERT_TRUE(neighbour.step());
    files.lose_power();
  }
  MemoryFiles left;
  for (const auto& [number, content] : files.files)
    left.files[number] = std::make_shared<MemoryFiles::Content>(*content);
  reboot_apart();
  Plane plane(*other_region, left);
  ASSERT_TRUE(plane.step());
  EXPECT_EQ(rows(left).size(), 1U) << "an intent that was on the disk is forgotten";
  plane.end();
}

TEST_F(PastOfAJournal, MakesNoRecordTwiceWhereAnOldSegmentCannotBeClosed) {
  {
    Plane plane(*region, files);
    policy::RecordTicket ticket;
    ASSERT_TRUE(plane.begin(ticket));
    ASSERT_TRUE(plane.records->write_intent(ticket));
    ASSERT_TRUE(plane.step());
  }
  files.lose_power();
  reboot();
  JournalOptions options;
  options.segment_bytes_max = 1;  // a new one each time
  {
    files.reopen_error = ENOSPC;
    Plane plane(*region, files, options);
    for (int i = 0; i < 3; ++i)
      ASSERT_TRUE(plane.step());
    EXPECT_EQ(rows(files).size(), 1U);
    {
      const Plane neighbour(*region, files, options);
      // Dies, so that the past is read again.
    }
    for (int i = 0; i < 2; ++i)
      ASSERT_TRUE(plane.step());
    plane.end();
  }
  files.reopen_error = 0;
  Plane plane(*region, files, options);
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(plane.step());
  plane.end();
  const auto found = rows(files);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.begin()->second, 1) << "the tenant is billed twice";
}

}  // namespace
}  // namespace headrace::net
