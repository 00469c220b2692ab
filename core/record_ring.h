// The ring through which records leave a shard, in memory that outlives its process.
//
//   area    | SpscIndices: written, read (128 bytes) | capacity bytes, a power of two             |
//   ring    ... | bytes | kind | crc | 0 | payload | pad to 8 | bytes | kind | ... | skip to end |
//
// Positions grow for ever; a frame's place is position % capacity. A frame is contiguous: one that
// would not fit before the end is preceded by a skip mark and starts at the beginning.
//
// Crash safety: the producer stores `written` when a frame is whole, so one that was half written
//             when the process died is behind it, and does not exist. The consumer stores `read`
//             when what lies before it is safe elsewhere, so nothing is lost between the two. The
//             CRC-32C of a frame covers its position: what an earlier round left is no frame.
// Holds:      who must be able to write a record later holds room for the longest one. The room is
//             there whatever else is written meanwhile.
// Threads:    one producing, one consuming; each end belongs to its thread.
// Trust:      indices, lengths and checksums come from shared memory: they are judged, never
//             followed out of bounds. An impossible index makes the ring look full to the producer
//             and empty to the consumer, and corrupt() true.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/record_ring_gap.h"
#include "core/spsc_ring.h"

namespace headrace::core {

inline constexpr std::size_t kRecordRingCapacityMin = 4096;

// What an area must have for a ring of this capacity.
[[nodiscard]] constexpr std::uint64_t record_ring_area_bytes(std::uint64_t capacity) {
  return sizeof(SpscIndices) + capacity;
}
// What one record takes of a ring, its head and padding included.
[[nodiscard]] constexpr std::uint64_t record_ring_footprint(std::uint64_t bytes) {
  constexpr std::uint64_t kHead = 16;
  return kHead + (bytes + 7) / 8 * 8;
}

class RecordRingProducer {
 public:
  // Goes on where an earlier producer of the same area stopped. `record_bytes_max`: of any record.
  RecordRingProducer(std::span<std::byte> area, std::size_t record_bytes_max);

  // Holds room for one more record. False: there is none.
  [[nodiscard]] bool hold();
  void release();
  [[nodiscard]] std::uint64_t held() const { return held_; }

  // Writes a record into room that is held, and releases it. False only where the ring is corrupt.
  [[nodiscard]] bool write_held(std::uint32_t kind, std::span<const std::byte> payload);
  // Writes a record beside everything that is held. False: there is no room.
  [[nodiscard]] bool push(std::uint32_t kind, std::span<const std::byte> payload);

  // Everything before it was written whole.
  [[nodiscard]] std::uint64_t written() const { return written_; }
  // Everything before it is safe elsewhere. Looks at the consumer's index.
  [[nodiscard]] std::uint64_t read() {
    look();
    return read_seen_;
  }
  // At what the consumer has taken.
  void look();
  // Bytes that wait to be read, by the last look.
  [[nodiscard]] std::uint64_t waiting() const { return written_ - read_seen_; }
  [[nodiscard]] std::uint64_t capacity() const { return capacity_; }
  // Nothing more can be written, or nothing of it is read; by the last look.
  [[nodiscard]] bool corrupt() const { return corrupt_; }

 private:
  [[nodiscard]] std::uint64_t room() const;
  [[nodiscard]] bool room_for(std::uint64_t records);
  bool write(std::uint32_t kind, std::span<const std::byte> payload);

  SpscIndices* indices_;
  std::byte* ring_;
  std::uint64_t capacity_;
  std::uint64_t footprint_max_;
  std::uint64_t written_;
  std::uint64_t read_seen_;
  std::uint64_t held_ = 0;
  bool corrupt_ = false;
};

class RecordRingConsumer {
 public:
  struct Record {
    std::uint32_t kind = 0;
    std::uint64_t position = 0;  // of its end: unlike any other record's of this ring, and growing
    std::span<const std::byte> payload;
    std::uint32_t crc = 0;

    // For who reads beside the ring's consumer: the record was not overwritten while it was copied.
    [[nodiscard]] bool is_whole(std::span<const std::byte> copy) const;
  };

  explicit RecordRingConsumer(std::span<std::byte> area);

  // The next record behind the cursor, which moves past it; its bytes stay until acknowledge().
  [[nodiscard]] std::optional<Record> next();
  // What the last next() has passed before what it handed out. Nothing: it passed nothing.
  [[nodiscard]] const std::optional<RecordRingGap>& gap() const { return gap_; }
  // Until it is said again, next() hands out what was written by now, and nothing newer.
  void stop_at_written() { stop_ = indices_->written.load(std::memory_order_acquire); }
  // What next() has handed out is safe elsewhere: its room is the producer's again.
  void acknowledge();
  // Maps the pages that the producer comes to next, about as many as it has filled since the last
  // call: one by one, by its own page faults, they would cost its shard ten times as much. For the
  // process of the producer; only a ring's first round needs it.
  void map_ahead();
  // Back to what was last acknowledged.
  void rewind();
  // Of a ring that is corrupt: its producer is told that nothing of it is read any more.
  void abandon();
  // Of a ring left by a dead process: what ends at or before `position` is safe already.
  void skip_to(std::uint64_t position);

  [[nodiscard]] std::uint64_t cursor() const { return cursor_; }
  [[nodiscard]] std::uint64_t waiting() const;
  // Frames whose checksum did not hold: stepped over.
  [[nodiscard]] std::uint64_t damaged() const { return damaged_; }
  // Beyond the cursor nothing can be read any more.
  [[nodiscard]] bool corrupt() const { return corrupt_; }

 private:
  std::optional<Record> find();
  std::optional<Record> give_up();

  SpscIndices* indices_;
  const std::byte* ring_;
  std::uint64_t capacity_;
  std::uint64_t acknowledged_;
  std::uint64_t cursor_;
  std::uint64_t stop_ = UINT64_MAX;  // no record ends there
  std::uint64_t mapped_from_;
  std::uint64_t mapped_to_;
  std::uint64_t filled_to_;  // at the last call of map_ahead()
  std::uint64_t damaged_ = 0;
  std::optional<RecordRingGap> gap_;
  bool corrupt_ = false;
};

}  // namespace headrace::core
