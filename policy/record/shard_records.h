// A shard's side of accounting: what it writes into the shared region so that every admitted
// request yields exactly one usage record, whatever happens to the process.
//
//   begin()            holds a place in the record ring and an entry in the in-flight table, before
//                      the first byte goes upstream, or to the client where it needs no provider
//   begin_attempt() .. what becomes known meanwhile
//   settle()           the record, written once; place and entry are given back
//
// Threads:    one shard.
// Lifetime:   the areas outlive it, and the process.
// Invariants: a ticket that was begun is settled or dropped exactly once.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/in_flight_table.h"
#include "core/record_ring.h"
#include "core/record_ring_gap.h"
#include "core/spsc_ring.h"
#include "policy/record/intent_state.h"
#include "policy/record/record_codec.h"
#include "policy/record/refusal_counts.h"
#include "policy/record/usage_record.h"

namespace headrace::policy {

// Kinds of records in the ring.
inline constexpr std::uint32_t kRingUsage = 1;
inline constexpr std::uint32_t kRingIntent = 2;

struct ShardRecordAreas {
  std::span<std::byte> ring;
  std::span<std::byte> in_flight;
  std::span<std::byte> refusals;
};

// What an exchange holds from begin() to settle().
struct RecordTicket {
  std::uint64_t sequence = 0;
  core::InFlightEntry* entry = nullptr;  // none: nothing is held
};

class ShardRecords {
 public:
  ShardRecords(const RecordSource& source, const ShardRecordAreas& areas);

  // `intent` gets its id. False: there is no room, and the request must not go upstream.
  [[nodiscard]] bool begin(RecordTicket& ticket, UsageRecord& intent);
  // Where the journal tells which stretches of the ring it has passed without a record. Before the
  // first intent; it outlives every use of this.
  void hear_of_gaps(core::SpscConsumer<core::RecordRingGap>& gaps) { gaps_ = &gaps; }
  // Writes the intent into the ring: intent_state() knows it by the place returned. Nothing: there
  // is no room.
  [[nodiscard]] std::optional<std::uint64_t> write_intent(const RecordTicket& ticket);
  // Whoever asks does so in the order of the places: gaps before one are forgotten.
  [[nodiscard]] IntentState intent_state(std::uint64_t place);
  // Nobody waits for an intent: no gap matters to anybody.
  void forget_gaps();
  [[nodiscard]] bool has_gaps() const { return gaps_ != nullptr && !gaps_->empty(); }
  // What waits for the journal is lost, and nothing begins any more; by the last look at it.
  [[nodiscard]] bool corrupt() const { return ring_.corrupt(); }

  static void begin_attempt(RecordTicket& ticket, std::string_view provider,
                            std::int64_t now_nanos);
  // The one that was begun as the `index`th, counted from 0: two may be under way.
  static void end_attempt(RecordTicket& ticket, std::size_t index, std::int64_t now_nanos,
                          std::uint16_t status, std::uint8_t failure, core::MicroUsd cost);
  // The calls so far, for the record.
  static void take_attempts(const RecordTicket& ticket, UsageRecord& into);

  // The record gets the ticket's id and is written, with what its intent says (encode_ended()). The
  // ticket is empty afterwards. False: it is lost, since the ring is corrupt().
  bool settle(RecordTicket& ticket, UsageRecord& record);
  // It was refused after all, at once: no record.
  void drop(RecordTicket& ticket);

  [[nodiscard]] RefusalCounts& refusals() { return refusals_; }
  [[nodiscard]] const RecordSource& source() const { return source_; }
  // Bytes that wait for the journal, by the last look at what it has taken; of how many.
  [[nodiscard]] std::uint64_t waiting() const { return ring_.waiting(); }
  void look_at_journal() { ring_.look(); }
  [[nodiscard]] std::uint64_t capacity() const { return ring_.capacity(); }
  [[nodiscard]] std::size_t in_flight() const { return table_.taken(); }
  [[nodiscard]] std::uint64_t begun() const { return sequence_; }

 private:
  RecordSource source_;
  core::RecordRingProducer ring_;
  core::InFlightTable table_;
  RefusalCounts refusals_;
  core::SpscConsumer<core::RecordRingGap>* gaps_ = nullptr;
  std::uint64_t sequence_ = 0;
};

}  // namespace headrace::policy
