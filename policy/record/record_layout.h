// The fixed parts of an encoded usage record (record_codec.h). A change is a new kRecordVersion,
// and what was before it is still read: a new version may be started where an older one was killed.
// Up to `sequence` a head is the same in all versions, those to come included.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace headrace::policy {

inline constexpr std::size_t kRecordTexts = 13;
inline constexpr std::size_t kRecordCounts = 13;

struct RecordHead {
  std::uint16_t version;
  std::uint16_t head_bytes;
  std::uint32_t bytes;  // all of the record
  std::uint64_t region;
  std::uint32_t epoch;
  std::uint32_t shard;
  std::uint64_t sequence;
  std::array<std::uint64_t, 2> trace;
  std::int64_t begun_unix_nanos;
  std::int64_t ended_unix_nanos;
  std::int64_t begun_nanos;
  std::int64_t first_byte_nanos;
  std::int64_t ended_nanos;
  std::int64_t waited_nanos;
  std::uint64_t bytes_in;
  std::uint64_t bytes_out;
  std::array<std::int64_t, kRecordCounts> usage;  // in the order of Usage
  std::int64_t cost_micro_usd;
  std::int64_t cost_saved_micro_usd;
  std::int64_t reserved_micro_usd;
  std::int64_t reserved_tokens;
  std::uint16_t status;
  std::uint8_t dialect;
  std::uint8_t endpoint;
  std::uint8_t usage_source;
  std::uint8_t ending;
  std::uint8_t streamed;
  std::uint8_t raw_pairs;
  std::uint8_t attempts;
  std::array<std::uint8_t, kRecordTexts> text_bytes;
  std::array<std::uint8_t, 2> zero;
};
static_assert(sizeof(RecordHead) == 272);
static_assert(std::has_unique_object_representations_v<RecordHead>);
static_assert(offsetof(RecordHead, sequence) == 24, "the same in all versions");

// Version 1 knew of no waiting: `waited_nanos` is not there, all else stands as it does now.
inline constexpr std::size_t kHeadBytesOfVersion1 = sizeof(RecordHead) - sizeof(std::int64_t);

struct RawPair {
  std::uint32_t field;
  std::uint32_t count;
};
static_assert(sizeof(RawPair) == 8);

struct AttemptHead {
  std::int64_t begun_nanos;
  std::int64_t duration_nanos;
  std::int64_t micro_usd;
  std::uint16_t status;
  std::uint8_t failure;
  std::uint8_t provider_bytes;
  std::uint32_t zero;
};
static_assert(sizeof(AttemptHead) == 32);
static_assert(std::has_unique_object_representations_v<AttemptHead>);

static_assert(std::endian::native == std::endian::little, "records are written as they lie");

}  // namespace headrace::policy
