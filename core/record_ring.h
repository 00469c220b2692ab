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
// Damage:     where no whole frame stands, the consumer looks on in steps of 8 bytes for one, up to
//             `written`: lengths and skip marks lead nowhere by their word alone. So no whole frame
//             is lost by what is damaged before it, and only an impossible index ends a ring.
// Forgery:    payloads hold what clients have said, a CRC has no key, and the search reads amid
//             payloads. But a checksum covers the position, and positions begin where 50 random
//             bits say, drawn for each life of a ring and told to no client: to anybody else, what
//             makes a frame of bytes is any of 2^32 checksums, at each place of a damaged frame, or
//             of what the ring's end wastes. (A ring that begins below was left by a version that
//             began at 0. There damage is stepped over by lengths, and ends the ring where those
//             are impossible.)
//             Nor is there a frame that a dead producer left behind `written`: it begins where its
//             successor's first one does, or at the ring's beginning, where another one begins
//             before `written` is beyond it.
// Holds:      who must be able to write a record later holds room for the longest one. The room is
//             there whatever else is written meanwhile.
// Threads:    one producing, one consuming; each end belongs to its thread.
// Trust:      indices, lengths and checksums come from shared memory: they are judged, never
//             followed out of bounds. An impossible index makes the ring look full to the producer
//             and empty to the consumer, and corrupt() true.
// Bounds:     of the search, kLookedAtOnce a call of next(), so that whoever calls does other work
//             in between, however hostile the bytes are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/record_ring_gap.h"
#include "core/spsc_ring.h"

namespace headrace::core {

inline constexpr std::size_t kRecordRingCapacityMin = 4096;
// Kinds of records are from 1 to this: most other bytes are seen to be no frame by that.
inline constexpr std::uint32_t kRecordKindMax = 255;

// What an area must have for a ring of this capacity.
[[nodiscard]] constexpr std::uint64_t record_ring_area_bytes(std::uint64_t capacity) {
  return sizeof(SpscIndices) + capacity;
}
// What one record takes of a ring, its head and padding included.
[[nodiscard]] constexpr std::uint64_t record_ring_footprint(std::uint64_t bytes) {
  constexpr std::uint64_t kHead = 16;
  return kHead + (bytes + 7) / 8 * 8;
}

// Makes an empty ring of a zeroed area, before its first producer and consumer. `random`: 64 bits
// that nobody can guess.
void begin_record_ring(std::span<std::byte> area, std::uint64_t random);

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

  // Bytes that one next() looks at, and one checksum more: some milliseconds.
  static constexpr std::uint64_t kLookedAtOnce = std::uint64_t{16} << 20U;

  RecordRingConsumer(std::span<std::byte> area, std::size_t record_bytes_max);

  // The next record behind the cursor, which moves past it; its bytes stay until acknowledge().
  [[nodiscard]] std::optional<Record> next();
  // The last next() has handed out nothing because it has looked at enough: the next one looks on.
  [[nodiscard]] bool amid_damage() const { return amid_damage_; }
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
  // Stretches where no frame could be read: passed. Each may have been several.
  [[nodiscard]] std::uint64_t damaged() const { return damaged_; }
  // Beyond the cursor nothing can be read any more.
  [[nodiscard]] bool corrupt() const { return corrupt_; }

 private:
  std::optional<Record> find();
  [[nodiscard]] std::optional<std::uint64_t> readable_to() const;
  std::optional<Record> frame_at(std::uint64_t position, std::uint64_t end);
  [[nodiscard]] std::uint64_t to_ring_end(std::uint64_t position) const;
  bool skips(std::uint64_t end);
  bool step_by_length(std::uint64_t end);
  void pass_damage(std::uint64_t end);

  SpscIndices* indices_;
  const std::byte* ring_;
  std::uint64_t capacity_;
  std::size_t record_bytes_max_;
  std::uint64_t acknowledged_;
  std::uint64_t cursor_;
  std::uint64_t stop_ = UINT64_MAX;  // no record ends there
  std::uint64_t mapped_from_;
  std::uint64_t mapped_to_;
  std::uint64_t filled_to_;  // at the last call of map_ahead()
  std::uint64_t damaged_ = 0;
  std::uint64_t looked_at_ = 0;  // bytes, by this call of next()
  std::optional<RecordRingGap> gap_;
  bool amid_damage_ = false;  // the cursor stands in damage that was counted
  bool acknowledged_amid_damage_ = false;
  bool corrupt_ = false;
};

}  // namespace headrace::core
