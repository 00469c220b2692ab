#include "policy/record/refusal_counts.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/store_point.h"
#include "policy/record/byte_reader.h"

namespace headrace::policy {

namespace {

using core::store_point;

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kFree = static_cast<std::uint32_t>(RefusalBankState::free);
constexpr auto kFilling = static_cast<std::uint32_t>(RefusalBankState::filling);
constexpr auto kSealed = static_cast<std::uint32_t>(RefusalBankState::sealed);
constexpr std::int64_t kNanosPerMinute = std::int64_t{60} * 1'000'000'000;
constexpr std::uint32_t kOthersRow = kRefusalRows - 1;
constexpr std::string_view kOthers = "(others)";

template <std::size_t N>
std::uint8_t put(std::string_view text, std::array<char, N>& into) {
  const std::size_t bytes = std::min(text.size(), N);
  std::copy_n(text.begin(), bytes, into.begin());
  return static_cast<std::uint8_t>(bytes);
}

template <std::size_t N>
std::string_view text_of(const std::array<char, N>& text, std::uint8_t bytes) {
  return {text.data(), std::min<std::size_t>(bytes, N)};
}

}  // namespace

std::span<RefusalBank> refusal_banks(std::span<std::byte> area) {
  HEADRACE_CHECK(area.size() >= kRefusalAreaBytes);
  HEADRACE_CHECK(reinterpret_cast<std::uintptr_t>(area.data()) % alignof(RefusalBank) == 0);
  return {reinterpret_cast<RefusalBank*>(area.data()), kRefusalBanks};
}

// --- the shard -----------------------------------------------------------------------------------

RefusalCounts::RefusalCounts(std::span<std::byte> area)
    : banks_(refusal_banks(area)), slots_(kSlots) {
  for (const RefusalBank& bank : banks_)
    sequence_ = std::max(sequence_, bank.sequence.load(kRelaxed));
}

std::uint64_t RefusalCounts::add(std::uint64_t number, std::string_view tenant,
                                 std::string_view key, std::string_view reason,
                                 std::int64_t unix_nanos) {
  const std::int64_t minute = unix_nanos / kNanosPerMinute;
  // Another one is an earlier one where the clock was put back.
  if (filling_ == nullptr || minute != filling_->minute.load(kRelaxed)) open_bank(minute);
  ++total_;
  if (filling_ == nullptr) return total_;  // only where shared memory was overwritten
  RefusalRow& row = filling_->row[row_of(number, tenant, key, reason)];
  const std::uint64_t count = row.count.load(kRelaxed) + 1;
  store_point();
  row.count.store(count, kRelaxed);
  return count;
}

void RefusalCounts::open_bank(std::int64_t minute) {
  RefusalBank& bank = banks_[next_];
  // The journal is behind: what is filling goes on.
  if (bank.state.load(std::memory_order_acquire) != kFree) return;
  seal_filling();
  next_ = (next_ + 1) % banks_.size();
  std::ranges::fill(slots_, Slot{});
  store_point();
  bank.rows.store(0, kRelaxed);
  store_point();
  bank.minute.store(minute, kRelaxed);
  store_point();
  bank.sequence.store(++sequence_, kRelaxed);
  store_point();
  bank.row[kOthersRow].count.store(0, kRelaxed);
  store_point();
  bank.state.store(kFilling, std::memory_order_release);
  filling_ = &bank;
  name_row(kOthersRow, {}, {}, kOthers);
}

std::uint32_t RefusalCounts::row_of(std::uint64_t number, std::string_view tenant,
                                    std::string_view key, std::string_view reason) {
  constexpr std::uint64_t kSpread = 0x9e3779b97f4a7c15;
  std::size_t at = (number * kSpread) >> 32U;
  for (;; ++at) {
    Slot& slot = slots_[at % kSlots];
    if (slot.row_plus_one == 0) {
      const std::uint32_t row = filling_->rows.load(kRelaxed);
      if (row >= kOthersRow) return kOthersRow;
      name_row(row, tenant, key, reason);
      store_point();
      filling_->rows.store(row + 1, std::memory_order_release);
      slot = {.number = number, .row_plus_one = row + 1};
      return row;
    }
    if (slot.number == number) return slot.row_plus_one - 1;
  }
}

void RefusalCounts::name_row(std::uint32_t row_number, std::string_view tenant,
                             std::string_view key, std::string_view reason) {
  RefusalRow& row = filling_->row[row_number];
  store_point();
  row.count.store(0, kRelaxed);
  store_point();
  row.tenant_bytes = put(tenant, row.tenant);
  row.key_bytes = put(key, row.key);
  row.reason_bytes = put(reason, row.reason);
}

void RefusalCounts::seal(std::int64_t unix_nanos, bool all) {
  if (filling_ == nullptr) return;
  const bool over = unix_nanos / kNanosPerMinute != filling_->minute.load(kRelaxed);
  // Where the journal is behind, the next refusal must have a bank to go to.
  const bool another = banks_[next_].state.load(std::memory_order_acquire) == kFree;
  if (all || (over && another)) seal_filling();
}

void RefusalCounts::seal_filling() {
  if (filling_ == nullptr) return;
  store_point();
  filling_->state.store(kSealed, std::memory_order_release);
  filling_ = nullptr;
}

// --- the journal ---------------------------------------------------------------------------------

namespace {

struct MinuteHead {
  std::uint64_t region;
  std::uint32_t epoch;
  std::uint32_t shard;
  std::int64_t minute;
  std::uint32_t rows;
  std::uint32_t zero;
};
static_assert(sizeof(MinuteHead) == 32);

struct CountHead {
  std::uint64_t count;
  std::uint8_t tenant_bytes;
  std::uint8_t key_bytes;
  std::uint8_t reason_bytes;
  std::array<std::uint8_t, 5> zero;
};
static_assert(sizeof(CountHead) == 16);

void append(std::vector<std::byte>& out, const void* bytes, std::size_t count) {
  const auto* first = static_cast<const std::byte*>(bytes);
  out.insert(out.end(), first, first + count);
}

bool append_row(const RefusalRow& row, std::vector<std::byte>& out) {
  const std::uint64_t count = row.count.load(kRelaxed);
  if (count == 0) return false;
  const std::string_view tenant = text_of(row.tenant, row.tenant_bytes);
  const std::string_view key = text_of(row.key, row.key_bytes);
  const std::string_view reason = text_of(row.reason, row.reason_bytes);
  const CountHead head{.count = count,
                       .tenant_bytes = static_cast<std::uint8_t>(tenant.size()),
                       .key_bytes = static_cast<std::uint8_t>(key.size()),
                       .reason_bytes = static_cast<std::uint8_t>(reason.size()),
                       .zero = {}};
  append(out, &head, sizeof head);
  for (const std::string_view text : {tenant, key, reason})
    append(out, text.data(), text.size());
  return true;
}

bool is_zero(const std::array<std::uint8_t, 5>& bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

void encode_refusals(const RecordSource& source, const RefusalBank& bank,
                     std::vector<std::byte>& out) {
  const std::size_t begin = out.size();
  MinuteHead head{.region = source.region,
                  .epoch = source.epoch,
                  .shard = source.shard,
                  .minute = bank.minute.load(kRelaxed),
                  .rows = 0,
                  .zero = 0};
  append(out, &head, sizeof head);
  const std::uint32_t rows =
      std::min(bank.rows.load(std::memory_order_acquire), std::uint32_t{kOthersRow});
  for (std::uint32_t row = 0; row < rows; ++row)
    head.rows += append_row(bank.row[row], out) ? 1U : 0U;
  head.rows += append_row(bank.row[kOthersRow], out) ? 1U : 0U;
  std::memcpy(out.data() + begin, &head, sizeof head);
}

void free_bank(RefusalBank& bank) {
  store_point();
  bank.state.store(kFree, std::memory_order_release);
  store_point();
}

bool decode_refusals(std::span<const std::byte> bytes, RefusalMinute& into) {
  ByteReader reader(bytes);
  MinuteHead head{};
  if (!reader.take(head) || head.zero != 0 || head.rows > kRefusalRows) return false;
  into.source = {.region = head.region, .epoch = head.epoch, .shard = head.shard};
  into.minute = head.minute;
  into.counts.clear();
  for (std::uint32_t row = 0; row < head.rows; ++row) {
    CountHead count_head{};
    RefusalCount count;
    if (!reader.take(count_head) || count_head.count == 0 || !is_zero(count_head.zero) ||
        count_head.tenant_bytes > kRefusalNameBytesMax ||
        count_head.key_bytes > kRefusalNameBytesMax ||
        count_head.reason_bytes > kRefusalReasonBytesMax ||
        !reader.text(count.tenant, count_head.tenant_bytes) ||
        !reader.text(count.key, count_head.key_bytes) ||
        !reader.text(count.reason, count_head.reason_bytes)) {
      return false;
    }
    count.count = count_head.count;
    into.counts.push_back(count);
  }
  return reader.empty();
}

}  // namespace headrace::policy
