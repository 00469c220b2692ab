// Counts of refusals in shared memory: by tenant, key and reason, in banks of one minute each.
//
//   area   | RefusalBank 0 | RefusalBank 1 | RefusalBank 2 | RefusalBank 3 |
//   bank   | state | sequence | minute | rows | RefusalRow x kRefusalRows  |
//
//   free --(shard: a refusal in a new minute)--> filling --(the minute is over)--> sealed
//     ^                                                                              |
//     '------------------------(journal: written and synced)-------------------------'
//
// A bank is written by its shard while it fills, and read and freed by the journal when sealed.
// Where the journal stands still, the last free bank goes on filling, and its minute becomes a
// longer one. The last row of a bank counts all that found no row of their own: no refusal is ever
// uncounted, and a flood of invented names takes nothing from anybody but its own detail.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace headrace::policy {

inline constexpr std::size_t kRefusalBanks = 4;
inline constexpr std::size_t kRefusalRows = 1024;
inline constexpr std::size_t kRefusalNameBytesMax = 128;
inline constexpr std::size_t kRefusalReasonBytesMax = 40;

enum class RefusalBankState : std::uint32_t { free = 0, filling = 1, sealed = 2 };

struct RefusalRow {
  std::atomic<std::uint64_t> count;
  std::uint8_t tenant_bytes;
  std::uint8_t key_bytes;
  std::uint8_t reason_bytes;
  std::array<std::uint8_t, 5> zero;
  std::array<char, kRefusalNameBytesMax> tenant;
  std::array<char, kRefusalNameBytesMax> key;
  std::array<char, kRefusalReasonBytesMax> reason;
};
static_assert(sizeof(RefusalRow) == 312);

struct alignas(64) RefusalBank {
  std::atomic<std::uint32_t> state;     // RefusalBankState
  std::atomic<std::uint32_t> rows;      // of those below, the ones that count
  std::atomic<std::uint64_t> sequence;  // of the shard's banks, from 1 on
  std::atomic<std::int64_t> minute;     // since 1970
  std::array<RefusalRow, kRefusalRows> row;
};

inline constexpr std::size_t kRefusalAreaBytes = kRefusalBanks * sizeof(RefusalBank);

}  // namespace headrace::policy
