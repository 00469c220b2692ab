// Exact counts of refusals per tenant, key, reason and minute: the shard's side and the journal's
// (refusal_bank.h has the drawing).
//
// Threads: RefusalCounts belongs to its shard; take_refusals() and free_bank() to the journal, for
//          sealed banks, or for all of a dead shard.
// Bounds:  kRefusalRows combinations a minute; what is beyond them is counted in one row.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "policy/record/record_id.h"
#include "policy/record/refusal_bank.h"

namespace headrace::policy {

[[nodiscard]] std::span<RefusalBank> refusal_banks(std::span<std::byte> area);

class RefusalCounts {
 public:
  // The area is all zero, or was left by an earlier owner of the same shard and is taken on.
  explicit RefusalCounts(std::span<std::byte> area);

  // `number` is unlike for any two (tenant, key, reason) that are counted in one minute, as long as
  // that config lives: names are only looked at when it is new. Returns how often this one was
  // counted in its minute.
  std::uint64_t add(std::uint64_t number, std::string_view tenant, std::string_view key,
                    std::string_view reason, std::int64_t unix_nanos);
  // Seals a bank whose minute is over: every second, and with `all` at the end.
  void seal(std::int64_t unix_nanos, bool all = false);

  // Since the shard began.
  [[nodiscard]] std::uint64_t total() const { return total_; }

 private:
  static constexpr std::size_t kSlots = kRefusalRows * 2;
  struct Slot {
    std::uint64_t number = 0;
    std::uint32_t row_plus_one = 0;
  };

  void open_bank(std::int64_t minute);
  void seal_filling();
  std::uint32_t row_of(std::uint64_t number, std::string_view tenant, std::string_view key,
                       std::string_view reason);
  void name_row(std::uint32_t row, std::string_view tenant, std::string_view key,
                std::string_view reason);

  std::span<RefusalBank> banks_;
  RefusalBank* filling_ = nullptr;
  std::uint64_t sequence_ = 0;
  std::uint64_t total_ = 0;
  std::size_t next_ = 0;
  std::vector<Slot> slots_;  // of the bank that is filling
};

// One row, read back.
struct RefusalCount {
  std::string_view tenant;
  std::string_view key;
  std::string_view reason;
  std::uint64_t count = 0;
};

// What a bank holds, as the journal writes it:
//   RecordSource (16 bytes) | minute (8) | rows (4) | 0 (4) | rows: count (8), the bytes of each
//   name (1 each), 0 (5), the names
void encode_refusals(const RecordSource& source, const RefusalBank& bank,
                     std::vector<std::byte>& out);
void free_bank(RefusalBank& bank);

struct RefusalMinute {
  RecordSource source;
  std::int64_t minute = 0;
  std::vector<RefusalCount> counts;  // names lie in the bytes
};
// False: these bytes are not what encode_refusals() writes.
[[nodiscard]] bool decode_refusals(std::span<const std::byte> bytes, RefusalMinute& into);

}  // namespace headrace::policy
