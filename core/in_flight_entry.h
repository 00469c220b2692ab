// What stands in shared memory of one request that is under way: enough to account for it when the
// process that served it is gone.
//
//   0     live, settling_at                   whose entry it is, and how far its end has come
//   16    bytes, tokens, money, first byte    what is known so far; one line, stored as it comes
//   64    attempts                            whom it was sent to
//   448   intent                              its record as far as it was known at the beginning,
//                                             encoded by whoever uses the table, with a CRC-32C
//
// The life of an entry, each step one store:
//
//   free --(fields, intent)--> live --(settling_at)--> settling --(record written)--> free
//
// `settling_at` says where in the shard's record ring the record is about to be written. If the
// ring has grown beyond that place, the record is there: so who finds an entry of a dead process
// knows whether its record was written, without looking for it. At most one entry of a shard is
// settling, and nothing else is written into the ring meanwhile; who recovers begins with that one.
//
// Threads:  written by one shard (or by who recovers it); progress is read by others at any time.
// Trust:    read back from a dead process only by core/in_flight_table.h, which judges it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace headrace::core {

inline constexpr std::size_t kInFlightEntryBytes = 2304;
inline constexpr std::size_t kInFlightAttemptsMax = 4;
inline constexpr std::size_t kAttemptNameBytesMax = 64;

// One call to a provider.
struct InFlightAttempt {
  std::int64_t begun_nanos;  // monotonic
  std::int64_t ended_nanos;  // 0: it has not ended
  std::int64_t micro_usd;    // what it may have cost
  std::uint16_t status;      // of its answer; 0: none came
  std::uint8_t failure;      // as its user numbers them; 0: none
  std::uint8_t name_bytes;
  std::uint32_t zero;
  std::array<char, kAttemptNameBytesMax> name;
};
static_assert(sizeof(InFlightAttempt) == 96);

struct alignas(64) InFlightEntry {
  static constexpr std::size_t kHeadBytes = 456;
  static constexpr std::size_t kIntentBytesMax = kInFlightEntryBytes - kHeadBytes;

  std::atomic<std::uint64_t> live;             // 0: free; else 1 + the record's sequence number
  std::atomic<std::uint64_t> settling_at;      // 0: not yet; else 1 + the ring's `written` before
  std::atomic<std::int64_t> first_byte_nanos;  // monotonic; 0: no byte yet
  std::atomic<std::uint64_t> bytes;            // of the answer
  std::atomic<std::int64_t> input_tokens;
  std::atomic<std::int64_t> output_tokens;
  std::atomic<std::int64_t> micro_usd;
  std::atomic<std::uint32_t> attempts;  // of those below, the ones that count
  std::atomic<std::uint32_t> streaming;
  std::array<InFlightAttempt, kInFlightAttemptsMax> attempt;
  std::uint32_t intent_bytes;
  std::uint32_t intent_crc;
  std::array<std::byte, kIntentBytesMax> intent;
};
static_assert(offsetof(InFlightEntry, attempt) == 64);
static_assert(offsetof(InFlightEntry, intent) == InFlightEntry::kHeadBytes);
static_assert(sizeof(InFlightEntry) == kInFlightEntryBytes);
static_assert(std::atomic<std::int64_t>::is_always_lock_free, "atomics in shared memory");

}  // namespace headrace::core
