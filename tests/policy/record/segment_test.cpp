#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "policy/record/segment_reader.h"
#include "policy/record/segment_writing.h"

namespace headrace::policy {
namespace {

constexpr SegmentIdentity kIdentity{.number = 5, .region = 77, .epoch = 2};

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A segment whose rows are "row 0", "row 1" ... of growing length.
std::vector<std::byte> segment(std::size_t rows, bool closed) {
  std::vector<std::byte> out;
  append_segment_head(out, kIdentity, "node-a", 123);
  append_frame(out, kIdentity.number, 0, FrameKind::checkpoint_end, 0, {});
  for (std::size_t row = 0; row < rows; ++row) {
    const std::string text = "row " + std::to_string(row) + std::string(row * 7 % 50, '.');
    append_frame(out, kIdentity.number, 0, FrameKind::usage, 8 * (row + 1), bytes_of(text));
  }
  if (closed) append_frame(out, kIdentity.number, 0, FrameKind::end, 0, {});
  return out;
}

std::vector<std::string> rows_of(std::span<const std::byte> bytes) {
  std::vector<std::string> rows;
  auto reader = SegmentReader::open(bytes);
  if (!reader) return rows;
  while (const auto frame = reader->next()) {
    if (frame->kind == FrameKind::usage) rows.push_back(text_of(frame->payload));
  }
  return rows;
}

TEST(Segment, GivesBackWhatWasWritten) {
  const std::vector<std::byte> bytes = segment(3, true);
  auto reader = SegmentReader::open(bytes);
  ASSERT_TRUE(reader) << reader.error();
  EXPECT_EQ(reader->identity().number, 5U);
  EXPECT_EQ(reader->identity().region, 77U);
  EXPECT_EQ(reader->identity().epoch, 2U);
  EXPECT_EQ(reader->node(), "node-a");
  EXPECT_EQ(reader->created_unix_nanos(), 123);
  EXPECT_EQ(reader->next()->kind, FrameKind::checkpoint_end);
  EXPECT_EQ(text_of(reader->next()->payload), "row 0");
  EXPECT_EQ(reader->next()->position, 16U);
  EXPECT_TRUE(reader->next());
  EXPECT_FALSE(reader->closed());
  EXPECT_EQ(reader->next()->kind, FrameKind::end);
  EXPECT_TRUE(reader->closed());
  EXPECT_FALSE(reader->next());
  EXPECT_EQ(reader->tail_bytes(), 0U);
}

TEST(Segment, CutAnywhereHoldsThePrefixOfItsRows) {
  const std::vector<std::byte> bytes = segment(40, true);
  const std::vector<std::string> all = rows_of(bytes);
  ASSERT_EQ(all.size(), 40U);
  std::size_t before = 0;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const std::vector<std::string> rows = rows_of(std::span(bytes).first(size));
    ASSERT_LE(rows.size(), all.size());
    ASSERT_TRUE(std::equal(rows.begin(), rows.end(), all.begin())) << size;
    ASSERT_GE(rows.size(), before) << "a longer file has fewer rows";
    before = rows.size();
  }
  EXPECT_EQ(before, all.size());
}

TEST(Segment, WithAnyBitOfItsLast4KiBFlippedHoldsAPrefixAndNeverAWrongRow) {
  std::vector<std::byte> bytes = segment(80, true);
  const std::vector<std::string> all = rows_of(bytes);
  const std::size_t first = bytes.size() > 4096 ? bytes.size() - 4096 : 0;
  std::size_t shortened = 0;
  for (std::size_t at = first; at < bytes.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      bytes[at] ^= static_cast<std::byte>(1U << bit);
      const std::vector<std::string> rows = rows_of(bytes);
      ASSERT_TRUE(std::equal(rows.begin(), rows.end(), all.begin())) << at << " bit " << bit;
      shortened += rows.size() < all.size() ? 1U : 0U;
      bytes[at] ^= static_cast<std::byte>(1U << bit);
    }
  }
  EXPECT_GT(shortened, 30'000U) << "flips that a row's checksum saw";
}

TEST(Segment, DoesNotTakeAFrameOfAnotherSegmentOrPlace) {
  std::vector<std::byte> bytes = segment(1, false);
  const std::size_t end = bytes.size();
  // Of the segment before, at the same place.
  std::vector<std::byte> other = bytes;
  append_frame(other, kIdentity.number - 1, 0, FrameKind::usage, 100, bytes_of("stale"));
  EXPECT_EQ(rows_of(other).size(), 1U);
  // Of this one, from elsewhere.
  std::vector<std::byte> moved = bytes;
  append_frame(moved, kIdentity.number, 64, FrameKind::usage, 100, bytes_of("stale"));
  EXPECT_EQ(rows_of(moved).size(), 1U);
  auto reader = SegmentReader::open(moved);
  while (reader->next()) {
  }
  EXPECT_EQ(reader->offset(), end);
  EXPECT_GT(reader->tail_bytes(), 0U);
}

// What a process that died at its first write leaves is nothing; what is no segment is told.
TEST(Segment, OneThatEndsWithinItsHeadIsToldFromOtherFiles) {
  const std::vector<std::byte> whole = segment(1, false);
  const std::size_t head_bytes = [&] {
    SegmentHead head{};
    std::memcpy(&head, whole.data(), sizeof head);
    return std::size_t{head.head_bytes};
  }();
  const std::span<const std::byte> bytes = whole;
  for (std::size_t count = 0; count < head_bytes; ++count)
    EXPECT_TRUE(SegmentReader::ends_within_head(bytes.first(count))) << count;
  EXPECT_FALSE(SegmentReader::ends_within_head(bytes.first(head_bytes)));
  EXPECT_FALSE(SegmentReader::ends_within_head(bytes));
  EXPECT_TRUE(SegmentReader::ends_within_head(std::vector<std::byte>(4096)))
      << "as a disk leaves what was not synced";
  const std::string other(4096, 'x');
  EXPECT_FALSE(SegmentReader::ends_within_head(bytes_of(other)));
  std::vector<std::byte> endless = whole;
  const std::uint32_t too_many = 1U << 30;
  std::memcpy(endless.data() + offsetof(SegmentHead, head_bytes), &too_many, sizeof too_many);
  EXPECT_FALSE(SegmentReader::ends_within_head(endless));
}

TEST(Segment, RefusesAnotherHead) {
  const std::vector<std::byte> good = segment(1, false);
  for (std::size_t at = 0; at < 64 + 8; ++at) {
    std::vector<std::byte> bytes = good;
    bytes[at] ^= std::byte{0x10};
    EXPECT_FALSE(SegmentReader::open(bytes)) << at;
  }
}

}  // namespace
}  // namespace headrace::policy
