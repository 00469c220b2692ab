#include "core/in_flight_table.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/crc32c.h"
#include "core/store_point.h"

namespace headrace::core {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

template <class Word, class Value>
void store(Word& word, Value value) {
  store_point();
  word.store(value, kRelaxed);
}

InFlightAttempt& attempt_of(InFlightEntry& entry, std::size_t index) {
  const std::uint32_t count = entry.attempts.load(kRelaxed);
  // Of those beyond the last there is room for, only the last one stands there.
  index = std::min(index, kInFlightAttemptsMax - 1);
  HEADRACE_CHECK(index < count && count <= kInFlightAttemptsMax,
                 "an attempt ends that never began");
  return entry.attempt[index];
}

}  // namespace

std::span<InFlightEntry> in_flight_entries(std::span<std::byte> area) {
  HEADRACE_CHECK(reinterpret_cast<std::uintptr_t>(area.data()) % alignof(InFlightEntry) == 0);
  return {reinterpret_cast<InFlightEntry*>(area.data()), area.size() / sizeof(InFlightEntry)};
}

std::optional<InFlightSight> look_at(const InFlightEntry& entry) {
  auto sight = look_at_own(entry);
  if (sight && crc32c(sight->intent) != entry.intent_crc) sight->intent = {};
  return sight;
}

std::optional<InFlightSight> look_at_own(const InFlightEntry& entry) {
  const std::uint64_t live = entry.live.load(std::memory_order_acquire);
  if (live == 0) return std::nullopt;
  InFlightSight sight;
  sight.sequence = live - 1;
  sight.settling_at = entry.settling_at.load(std::memory_order_acquire);
  sight.first_byte_nanos = entry.first_byte_nanos.load(kRelaxed);
  sight.bytes = entry.bytes.load(kRelaxed);
  sight.input_tokens = std::max<std::int64_t>(entry.input_tokens.load(kRelaxed), 0);
  sight.output_tokens = std::max<std::int64_t>(entry.output_tokens.load(kRelaxed), 0);
  sight.micro_usd = std::max<std::int64_t>(entry.micro_usd.load(kRelaxed), 0);
  sight.streaming = entry.streaming.load(kRelaxed) != 0;
  const std::size_t attempts =
      std::min<std::size_t>(entry.attempts.load(std::memory_order_acquire), kInFlightAttemptsMax);
  sight.attempts = std::span(entry.attempt).first(attempts);
  sight.intent = intent_of(entry);
  return sight;
}

std::span<const std::byte> intent_of(const InFlightEntry& entry) {
  const bool fits = entry.intent_bytes <= InFlightEntry::kIntentBytesMax;
  return std::span<const std::byte>(entry.intent).first(fits ? entry.intent_bytes : 0U);
}

void begin_settling(InFlightEntry& entry, std::uint64_t ring_written) {
  store_point();
  entry.settling_at.store(ring_written + 1, std::memory_order_release);
  store_point();
}

void free_entry(InFlightEntry& entry) {
  store_point();
  entry.live.store(0, std::memory_order_release);
  store_point();
}

bool is_settled(const InFlightSight& sight, std::uint64_t ring_written) {
  return sight.settling_at != 0 && ring_written > sight.settling_at - 1;
}

InFlightTable::InFlightTable(std::span<std::byte> area) : entries_(in_flight_entries(area)) {
  free_.reserve(entries_.size());
  for (std::size_t i = entries_.size(); i > 0; --i) {
    HEADRACE_CHECK(entries_[i - 1].live.load(kRelaxed) == 0, "a table begins without requests");
    free_.push_back(static_cast<std::uint32_t>(i - 1));
  }
}

InFlightEntry* InFlightTable::take(std::uint64_t sequence, std::span<const std::byte> intent) {
  HEADRACE_CHECK(intent.size() <= InFlightEntry::kIntentBytesMax, "an intent is too long");
  if (free_.empty()) return nullptr;
  InFlightEntry& entry = entries_[free_.back()];
  free_.pop_back();
  store(entry.settling_at, std::uint64_t{0});
  store(entry.first_byte_nanos, std::int64_t{0});
  store(entry.bytes, std::uint64_t{0});
  store(entry.input_tokens, std::int64_t{0});
  store(entry.output_tokens, std::int64_t{0});
  store(entry.micro_usd, std::int64_t{0});
  store(entry.attempts, std::uint32_t{0});
  store(entry.streaming, std::uint32_t{0});
  entry.intent_bytes = static_cast<std::uint32_t>(intent.size());
  entry.intent_crc = crc32c(intent);
  copy_with_deaths(entry.intent.data(), intent.data(), intent.size());
  store_point();
  entry.live.store(sequence + 1, std::memory_order_release);
  store_point();
  return &entry;
}

void InFlightTable::give_back(InFlightEntry& entry) {
  free_entry(entry);
  free_.push_back(static_cast<std::uint32_t>(&entry - entries_.data()));
}

void InFlightTable::begin_attempt(InFlightEntry& entry, std::string_view name,
                                  std::int64_t now_nanos) {
  const std::uint32_t count =
      std::min<std::uint32_t>(entry.attempts.load(kRelaxed), kInFlightAttemptsMax - 1);
  InFlightAttempt attempt{.begun_nanos = now_nanos,
                          .ended_nanos = 0,
                          .micro_usd = 0,
                          .status = 0,
                          .failure = 0,
                          .name_bytes = 0,
                          .zero = 0,
                          .name = {}};
  name = name.substr(0, kAttemptNameBytesMax);
  attempt.name_bytes = static_cast<std::uint8_t>(name.size());
  std::copy(name.begin(), name.end(), attempt.name.begin());
  copy_with_deaths(reinterpret_cast<std::byte*>(&entry.attempt[count]), &attempt, sizeof attempt);
  store_point();
  entry.attempts.store(count + 1, std::memory_order_release);
}

void InFlightTable::end_attempt(InFlightEntry& entry, std::size_t index, std::int64_t now_nanos,
                                std::uint16_t status, std::uint8_t failure,
                                std::int64_t micro_usd) {
  InFlightAttempt& attempt = attempt_of(entry, index);
  store_point();
  attempt.status = status;
  attempt.failure = failure;
  attempt.micro_usd = micro_usd;
  store_point();
  attempt.ended_nanos = now_nanos;
}

}  // namespace headrace::core
