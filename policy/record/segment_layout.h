// A segment of the journal: a file that is only ever appended to, by one process.
//
//   +---------------------------------------------------------------------------+ 0
//   | SegmentHead (64 bytes): magic, version, number, writer, time, CRC-32C     |
//   | node name, padded to 8                                                    |
//   +---------------------------------------------------------------------------+ head_bytes
//   | checkpoint: frames of pools, intents still open, then checkpoint_end      |
//   +---------------------------------------------------------------------------+
//   | frames as they come: usage, intents, refusals, pools that have changed    |
//   |                                                                           |
//   |   | bytes | crc | kind | 0 | position | payload ... | pad to 8 |          |
//   |     4       4     4      4   8                                            |
//   +---------------------------------------------------------------------------+
//   | end: a frame without payload. Nothing follows. What has no end was left   |
//   | by a process that died, and is closed by its successor                    |
//   +---------------------------------------------------------------------------+
//
// A frame's CRC-32C covers the segment's number and the frame's offset, so that what lies there
// from another time is no frame. Who reads stops at the first frame that does not hold: what is
// before it is right, what is behind it was not promised to anybody yet.
//
// Pools:     rows of core/pool_spent.h, the newest of a limit counts. They stand before the records
//            of the requests that spent them. Each says what it names its limit by: those of older
//            versions named a place in their table.
// Positions: of usage frames, where the record ended in its shard's ring (growing, for one source);
//            of refusals, the number of the bank they were counted in; of all else 0.
// Numbers are little-endian. A change of any of this is a new version.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace headrace::policy {

inline constexpr std::array<char, 8> kSegmentMagic{'h', 'r', 'j', 'r', 'n', 'l', '\n', '\0'};
inline constexpr std::uint32_t kSegmentVersion = 1;
inline constexpr std::size_t kNodeBytesMax = 128;
inline constexpr std::size_t kFrameBytesMax = std::size_t{1} << 20U;  // of one payload

// The numbers stand in files: never renumber.
enum class FrameKind : std::uint32_t {
  usage = 1,
  intent = 2,
  refusals = 3,
  pools = 4,
  checkpoint_end = 5,
  end = 6,
};

struct SegmentHead {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t head_bytes;  // with the node's name and its padding
  std::uint64_t number;
  std::uint64_t region;  // of the writer
  std::uint32_t epoch;
  std::uint32_t node_bytes;
  std::int64_t created_unix_nanos;
  std::uint64_t zero;
  std::uint32_t zero_too;
  std::uint32_t crc;  // of all head_bytes, with this one 0
};
static_assert(sizeof(SegmentHead) == 64);
static_assert(std::has_unique_object_representations_v<SegmentHead>);

struct FrameHead {
  std::uint32_t bytes;  // of the payload
  std::uint32_t crc;
  std::uint32_t kind;
  std::uint32_t zero;
  std::uint64_t position;
};
static_assert(sizeof(FrameHead) == 24);

constexpr std::size_t segment_head_footprint(std::size_t node_bytes) {
  return sizeof(SegmentHead) + (node_bytes + 7) / 8 * 8;
}
constexpr std::size_t frame_footprint(std::size_t payload_bytes) {
  return sizeof(FrameHead) + (payload_bytes + 7) / 8 * 8;
}

}  // namespace headrace::policy
