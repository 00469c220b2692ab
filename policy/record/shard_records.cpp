#include "policy/record/shard_records.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/check.h"
#include "policy/record/partial_record.h"

namespace headrace::policy {

ShardRecords::ShardRecords(const RecordSource& source, const ShardRecordAreas& areas)
    : source_(source),
      ring_(areas.ring, kRecordBytesMax),
      table_(areas.in_flight),
      refusals_(areas.refusals) {}

bool ShardRecords::begin(RecordTicket& ticket, UsageRecord& intent) {
  HEADRACE_CHECK(ticket.entry == nullptr, "a request is accounted for once");
  // What an intent does not have: it fits its place in the table without.
  HEADRACE_CHECK(intent.raw.empty());
  HEADRACE_CHECK(intent.attempt_count == 0);
  if (!ring_.hold()) return false;
  intent.id = {.source = source_, .sequence = sequence_};
  intent.ending = RecordEnding::under_way;
  std::array<std::byte, kRecordBytesMax> bytes;
  const std::size_t size = encode_record(intent, bytes);
  core::InFlightEntry* entry = table_.take(sequence_, std::span(bytes).first(size));
  if (entry == nullptr) {
    ring_.release();
    return false;
  }
  ticket = {.sequence = sequence_++, .entry = entry};
  return true;
}

std::optional<std::uint64_t> ShardRecords::write_intent(const RecordTicket& ticket) {
  HEADRACE_CHECK(ticket.entry != nullptr);
  if (!ring_.push(kRingIntent, core::intent_of(*ticket.entry))) return std::nullopt;
  return ring_.written();
}

// The journal tells of a gap before it says that it has passed it.
IntentState ShardRecords::intent_state(std::uint64_t place) {
  const bool passed = ring_.read() >= place;
  const core::RecordRingGap* gap = nullptr;
  if (gaps_ != nullptr) {
    while ((gap = gaps_->front()) != nullptr && gap->end < place)
      gaps_->drop_front();
  }
  if (!passed) return ring_.corrupt() ? IntentState::lost : IntentState::waiting;
  return gap != nullptr && gap->has(place) ? IntentState::lost : IntentState::synced;
}

void ShardRecords::forget_gaps() {
  while (has_gaps())
    gaps_->drop_front();
}

void ShardRecords::begin_attempt(RecordTicket& ticket, std::string_view provider,
                                 std::int64_t now_nanos) {
  core::InFlightTable::begin_attempt(*ticket.entry, provider, now_nanos);
}

void ShardRecords::end_attempt(RecordTicket& ticket, std::size_t index, std::int64_t now_nanos,
                               std::uint16_t status, std::uint8_t failure, core::MicroUsd cost) {
  core::InFlightTable::end_attempt(*ticket.entry, index, now_nanos, status, failure, cost.count());
}

void ShardRecords::take_attempts(const RecordTicket& ticket, UsageRecord& into) {
  if (const auto sight = core::look_at_own(*ticket.entry)) record_attempts(*sight, into);
}

bool ShardRecords::settle(RecordTicket& ticket, UsageRecord& record) {
  HEADRACE_CHECK(ticket.entry != nullptr, "a record is written once");
  record.id = {.source = source_, .sequence = ticket.sequence};
  std::array<std::byte, kRecordBytesMax> bytes;
  const std::size_t size = encode_ended(core::intent_of(*ticket.entry), record, bytes);
  core::begin_settling(*ticket.entry, ring_.written());
  const bool written = ring_.write_held(kRingUsage, std::span(bytes).first(size));
  table_.give_back(*ticket.entry);
  ticket = {};
  return written;
}

void ShardRecords::drop(RecordTicket& ticket) {
  if (ticket.entry == nullptr) return;
  table_.give_back(*ticket.entry);
  ring_.release();
  // Nobody has heard of its number yet.
  if (ticket.sequence + 1 == sequence_) --sequence_;
  ticket = {};
}

}  // namespace headrace::policy
