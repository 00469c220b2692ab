// A segment's file: what is gathered goes to the system in pieces, and is on the disk, or not, as a
// whole.
#include "net/journal/segment_file.h"

#include <vector>

#include <gtest/gtest.h>

#include "policy/record/segment_reader.h"
#include "tests/net/journal/memory_files.h"

namespace headrace::net {
namespace {

using policy::FrameKind;

constexpr std::size_t kFrameBytes = 2000;
constexpr std::size_t kFrames = 300;

class SegmentFileTest : public testing::Test {
 protected:
  void SetUp() override {
    segment = SegmentFile::create(files, {.number = 1, .region = 7, .epoch = 3}, "node", 0).value();
  }
  void add(std::size_t frames) {
    const std::vector<std::byte> payload(kFrameBytes, std::byte{'x'});
    for (std::size_t i = 0; i < frames; ++i)
      segment->add(FrameKind::usage, ++added, payload);
  }
  MemoryFiles::Content& content() { return *files.files.at(1); }
  // Positions of the frames in these bytes.
  static std::vector<std::uint64_t> frames_in(const std::vector<std::byte>& bytes) {
    auto reader = policy::SegmentReader::open(bytes);
    EXPECT_TRUE(reader);
    std::vector<std::uint64_t> positions;
    while (const auto frame = reader->next()) {
      EXPECT_EQ(frame->payload.size(), kFrameBytes);
      positions.push_back(frame->position);
    }
    EXPECT_EQ(reader->tail_bytes(), 0U);
    return positions;
  }

  MemoryFiles files;
  std::unique_ptr<SegmentFile> segment;
  std::uint64_t added = 0;
};

TEST_F(SegmentFileTest, WritesInPiecesAndSyncsOnce) {
  const std::uint64_t head = segment->bytes();
  add(kFrames);
  EXPECT_GT(segment->gathered(), kFrames * kFrameBytes);
  EXPECT_GT(content().bytes.size(), head + kFrames * kFrameBytes / 2) << "most of it is written";
  EXPECT_EQ(content().synced.size(), head) << "nothing of it is on the disk";
  const std::size_t gathered = segment->gathered();
  ASSERT_EQ(segment->flush(), 0);
  EXPECT_EQ(segment->gathered(), 0U);
  EXPECT_EQ(segment->bytes(), head + gathered);
  EXPECT_EQ(frames_in(content().synced).size(), kFrames);
  add(1);
  ASSERT_EQ(segment->flush(), 0);
  EXPECT_EQ(frames_in(content().synced).back(), kFrames + 1);
}

TEST_F(SegmentFileTest, HoldsNothingOfWhatTheDiskTookOnlyInPart) {
  const std::uint64_t head = segment->bytes();
  files.room = files.used() + kFrames * kFrameBytes / 2;
  add(kFrames);
  EXPECT_EQ(segment->flush(), ENOSPC);
  EXPECT_FALSE(segment->abandoned());
  EXPECT_EQ(segment->bytes(), head);
  EXPECT_EQ(segment->gathered(), 0U);
  EXPECT_EQ(content().bytes.size(), head);
  files.room = UINT64_MAX;
  add(1);
  ASSERT_EQ(segment->flush(), 0);
  EXPECT_EQ(frames_in(content().synced), std::vector<std::uint64_t>{kFrames + 1});
}

}  // namespace
}  // namespace headrace::net
