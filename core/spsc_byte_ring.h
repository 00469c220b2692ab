// A bounded ring of records of any length between one producing and one consuming thread (or
// process): binary log records, and later usage records in shared memory.
//
//   | length | kind | bytes ... | pad to 8 | length | kind | bytes ... | ... | skip to the end |
//
// Each record is contiguous; one that would not fit before the end of the ring is preceded by a
// skip mark and starts at the beginning. Offsets grow for ever; a record's place is offset % size.
//
// Threads:    one producing, one consuming; each end belongs to its thread.
// Invariants: the size is a power of two of at least kSpscByteRingBytesMin; a record is at most
//             record_bytes_max() long, so that it fits whatever the position.
// Trust:      offsets and lengths read from the ring are checked against its bounds before they are
//             used; what does not hold makes corrupt() true for good and the ring look empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "core/spsc_ring.h"

namespace headrace::core {

inline constexpr std::size_t kSpscByteRingBytesMin = 1024;

// Before each record in the ring.
struct SpscByteHead {
  std::uint32_t bytes;  // without padding; UINT32_MAX: the next record is at the ring's beginning
  std::uint32_t kind;
};

struct SpscByteRecord {
  std::uint32_t kind = 0;
  std::span<const std::byte> bytes;
};

class SpscByteProducer {
 public:
  // `memory` is aligned to 8 bytes. Goes on where an earlier producer stopped.
  SpscByteProducer(SpscIndices& indices, std::span<std::byte> memory);

  // Copies one record in. False when there is no room now (or never: longer than the maximum).
  [[nodiscard]] bool push(std::uint32_t kind, std::span<const std::byte> bytes);
  // The same in two steps: room for a record of up to `bytes_max` to be written in place, then its
  // true length. An empty span: no room.
  [[nodiscard]] std::span<std::byte> reserve(std::size_t bytes_max);
  void commit(std::uint32_t kind, std::size_t bytes);

  [[nodiscard]] std::size_t record_bytes_max() const;
  // More than so many bytes wait to be read. Looks at the consumer's index only where it seems so.
  [[nodiscard]] bool holds_more_than(std::size_t bytes);

 private:
  SpscIndices* indices_;
  std::byte* memory_;
  std::uint64_t size_;
  std::uint64_t written_;
  std::uint64_t read_seen_;
  std::uint64_t reserved_at_ = 0;
  std::size_t reserved_bytes_ = 0;
  bool reserved_ = false;
};

class SpscByteConsumer {
 public:
  SpscByteConsumer(SpscIndices& indices, std::span<const std::byte> memory);

  // The oldest record, left in place until drop_front(). Nothing when the ring is empty.
  [[nodiscard]] std::optional<SpscByteRecord> front();
  void drop_front();
  [[nodiscard]] bool corrupt() const { return corrupt_; }

 private:
  [[nodiscard]] SpscByteHead head_at(std::uint64_t offset) const;
  std::optional<SpscByteRecord> give_up();

  SpscIndices* indices_;
  const std::byte* memory_;
  std::uint64_t size_;
  std::uint64_t read_;
  std::uint64_t written_seen_;
  std::uint64_t front_end_ = 0;  // where the record behind front() begins; 0: none was shown
  bool corrupt_ = false;
};

// Both ends and the memory in one object, for use within a process.
class SpscByteRing {
 public:
  // Rounded up to a power of two.
  explicit SpscByteRing(std::size_t bytes);
  SpscByteRing(const SpscByteRing&) = delete;
  SpscByteRing& operator=(const SpscByteRing&) = delete;

  [[nodiscard]] SpscByteProducer& producer() { return producer_; }
  [[nodiscard]] SpscByteConsumer& consumer() { return consumer_; }
  static std::size_t planned_bytes(std::size_t bytes);

 private:
  SpscIndices indices_;
  std::size_t size_;
  std::unique_ptr<std::uint64_t[]> memory_;
  alignas(kCacheLineBytes) SpscByteProducer producer_;
  alignas(kCacheLineBytes) SpscByteConsumer consumer_;
};

}  // namespace headrace::core
