// The requests of one shard that are under way, in memory that outlives the process
// (core/in_flight_entry.h): the shard's side, and that of who recovers a dead one.
//
// Threads:    a table belongs to its shard; look_at() and the free functions to anybody.
// Bounds:     as many entries as the area holds. No allocation after it was made.
// Invariants: an entry that is taken is given back by free_entry() exactly once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/in_flight_entry.h"

namespace headrace::core {

[[nodiscard]] std::span<InFlightEntry> in_flight_entries(std::span<std::byte> area);

// An entry as it was found, checked: nothing in it reaches out of it.
struct InFlightSight {
  std::uint64_t sequence = 0;
  std::uint64_t settling_at = 0;
  std::int64_t first_byte_nanos = 0;
  std::uint64_t bytes = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t micro_usd = 0;
  bool streaming = false;
  std::span<const InFlightAttempt> attempts;
  std::span<const std::byte> intent;  // empty: its checksum does not hold
};
// Nothing: the entry is free.
[[nodiscard]] std::optional<InFlightSight> look_at(const InFlightEntry& entry);
// The same of a request that is our own: whoever wrote the intent need not sum it up again.
[[nodiscard]] std::optional<InFlightSight> look_at_own(const InFlightEntry& entry);
// The intent alone, of one's own; empty where shared memory was overwritten.
[[nodiscard]] std::span<const std::byte> intent_of(const InFlightEntry& entry);

// Its record is written next, where the ring stands now; then the entry is freed.
void begin_settling(InFlightEntry& entry, std::uint64_t ring_written);
void free_entry(InFlightEntry& entry);
// Whether the record of an entry of a dead process stands in its ring, which was written up to
// there.
[[nodiscard]] bool is_settled(const InFlightSight& sight, std::uint64_t ring_written);

class InFlightTable {
 public:
  explicit InFlightTable(std::span<std::byte> area);

  // Nullptr: all entries are taken. The intent is copied; it is at most kIntentBytesMax long.
  [[nodiscard]] InFlightEntry* take(std::uint64_t sequence, std::span<const std::byte> intent);
  void give_back(InFlightEntry& entry);

  // One more call; beyond kInFlightAttemptsMax the last one stands for the rest.
  static void begin_attempt(InFlightEntry& entry, std::string_view name, std::int64_t now_nanos);
  // The one that was begun as the `index`th, counted from 0.
  static void end_attempt(InFlightEntry& entry, std::size_t index, std::int64_t now_nanos,
                          std::uint16_t status, std::uint8_t failure, std::int64_t micro_usd);

  [[nodiscard]] std::size_t taken() const { return entries_.size() - free_.size(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  std::span<InFlightEntry> entries_;
  std::vector<std::uint32_t> free_;  // the one used last is used next: it is in the caches
};

}  // namespace headrace::core
