// kill -9 between any two stores to the shared region: every admitted request has exactly one
// record afterwards, whenever the process died, and whenever its successor died while recovering.
#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/in_flight_table.h"
#include "core/reserved_memory.h"
#include "core/store_point.h"
#include "policy/record/orphan_requests.h"
#include "policy/record/refusal_counts.h"
#include "policy/record/shard_records.h"

namespace headrace::policy {
namespace {

constexpr std::uint64_t kRingCapacity = 16 * 1024;
constexpr std::size_t kEntries = 4;
constexpr RecordSource kSource{.region = 7, .epoch = 3, .shard = 1};
constexpr std::uint64_t kNever = UINT64_MAX;

// The disk: what was written stays. As in a segment, each record with its place in the ring.
struct Journal {
  struct Row {
    std::uint64_t position;
    std::vector<std::byte> bytes;
  };
  std::vector<Row> rows;
  std::map<std::string, std::uint64_t> refusals;
  std::vector<std::uint64_t> refusal_banks;

  [[nodiscard]] std::uint64_t last_position() const {
    return rows.empty() ? 0 : rows.back().position;
  }
};

// Memory that outlives processes, and what the processes promised to whom.
class Node {
 public:
  Node() : memory_("a node", kAreaBytes) { core::begin_record_ring(areas().ring, 7); }

  // Serves a few requests: some are settled, some are under way when it ends. The journal takes
  // what is there now and then.
  void serve() {
    ShardRecords records(kSource, areas());
    std::array<RecordTicket, 6> tickets;
    for (std::size_t i = 0; i < tickets.size(); ++i) {
      begin(records, tickets[i], i);
      ShardRecords::begin_attempt(tickets[i], "first", 10);
      if (i % 2 == 0) {
        ShardRecords::end_attempt(tickets[i], 0, 20, 503, 1, core::MicroUsd(5));
        ShardRecords::begin_attempt(tickets[i], "second", 30);
      }
      refuse(records, i);
      if (i >= 2) settle(records, tickets[i - 2]);
      if (i == 3) drain();
    }
    RecordTicket refused;
    begin(records, refused, 6);
    // Until it is dropped it was admitted.
    const std::uint64_t sequence = begun_.back();
    begun_.pop_back();
    records.drop(refused);
    dropped_.push_back(sequence);
    drain();
  }

  void drain() {
    core::RecordRingConsumer ring(areas().ring, kRecordBytesMax);
    ring.skip_to(journal.last_position());
    while (const auto record = ring.next()) {
      core::store_point();
      journal.rows.push_back({record->position, {record->payload.begin(), record->payload.end()}});
    }
    ring.acknowledge();
  }

  // A record that waits is overwritten, the middle one, so that its length is impossible: that of
  // its request is lost.
  void damage_one() {
    core::RecordRingConsumer ring(areas().ring, kRecordBytesMax);
    ring.skip_to(journal.last_position());
    struct Place {
      std::uint64_t begin;
      std::uint64_t sequence;
    };
    std::vector<Place> places;
    while (const auto record = ring.next()) {
      places.push_back({record->position - core::record_ring_footprint(record->payload.size()),
                        decode_record(record->payload)->id.sequence});
    }
    if (places.empty()) return;
    const Place place = places[places.size() / 2];
    areas().ring[sizeof(core::SpscIndices) + place.begin % kRingCapacity + 3] = std::byte{0x7f};
    std::erase(begun_, place.sequence);
    ++damaged_;
  }
  [[nodiscard]] std::uint64_t damaged() const { return damaged_; }

  // What a successor does. It may die on the way, and be called again.
  void recover() {
    core::RecordRingProducer ring(areas().ring, kRecordBytesMax);
    const OrphanRequests settled =
        settle_orphan_requests(ring, core::in_flight_entries(areas().in_flight), 1'000);
    EXPECT_TRUE(settled.complete);
    EXPECT_EQ(settled.damaged, 0U);
    drain();
    for (RefusalBank& bank : refusal_banks(areas().refusals)) {
      if (bank.state.load() == static_cast<std::uint32_t>(RefusalBankState::free)) continue;
      const std::uint64_t sequence = bank.sequence.load();
      if (std::ranges::find(journal.refusal_banks, sequence) == journal.refusal_banks.end()) {
        core::store_point();
        write_bank(bank, sequence);
      }
      free_bank(bank);
    }
  }

  void expect_exactly_one_record_each() const {
    std::map<std::uint64_t, UsageRecord> found;
    for (const Journal::Row& row : journal.rows) {
      const auto record = decode_record(row.bytes);
      ASSERT_TRUE(record) << "a row that is none";
      ASSERT_EQ(record->id.source, kSource);
      ASSERT_TRUE(found.emplace(record->id.sequence, *record).second)
          << "request " << record->id.sequence << " has two records";
      const bool ended = std::ranges::find(settled_, record->id.sequence) != settled_.end();
      if (ended) {
        EXPECT_EQ(record->ending, RecordEnding::answered);
        EXPECT_EQ(record->cost.count(), 77);
      }
      if (record->ending == RecordEnding::lost) {
        EXPECT_EQ(record->usage.source, UsageSource::partial);
        // It may have died before the tokens were stored.
        const bool begun = std::ranges::find(begun_, record->id.sequence) != begun_.end();
        EXPECT_EQ(record->usage.out_text, begun ? 40 : record->usage.out_text);
        EXPECT_EQ(record->tenant, "acme");
      }
    }
    for (const std::uint64_t sequence : begun_)
      EXPECT_TRUE(found.contains(sequence)) << "request " << sequence << " has no record";
    for (const std::uint64_t sequence : dropped_)
      EXPECT_FALSE(found.contains(sequence)) << "request " << sequence << " was refused";
    for (const core::InFlightEntry& entry : core::in_flight_entries(areas().in_flight))
      EXPECT_FALSE(core::look_at(entry));
    // The one that was being counted when the process died may stand there or not.
    std::uint64_t refusals = 0;
    for (const auto& [name, count] : journal.refusals)
      refusals += count;
    EXPECT_GE(refusals, refusals_counted_);
    EXPECT_LE(refusals, refusals_counted_ + 1);
  }

  Journal journal;

 private:
  static constexpr std::size_t kRingBytes =
      core::round_up(core::record_ring_area_bytes(kRingCapacity), core::kPageBytes);
  static constexpr std::size_t kTableBytes =
      core::round_up(kEntries * core::kInFlightEntryBytes, core::kPageBytes);
  static constexpr std::size_t kAreaBytes = kRingBytes + kTableBytes + kRefusalAreaBytes;

  [[nodiscard]] ShardRecordAreas areas() const {
    std::byte* at = memory_.data();
    return {.ring = {at, core::record_ring_area_bytes(kRingCapacity)},
            .in_flight = {at + kRingBytes, kEntries * core::kInFlightEntryBytes},
            .refusals = {at + kRingBytes + kTableBytes, kRefusalAreaBytes}};
  }

  void begin(ShardRecords& records, RecordTicket& ticket, std::uint64_t number) {
    UsageRecord intent;
    intent.tenant = "acme";
    intent.begun_nanos = static_cast<std::int64_t>(number);
    ASSERT_TRUE(records.begin(ticket, intent));
    ticket.entry->output_tokens.store(40);
    begun_.push_back(ticket.sequence);
  }
  void settle(ShardRecords& records, RecordTicket& ticket) {
    UsageRecord record;
    record.tenant = "acme";
    record.ending = RecordEnding::answered;
    record.cost = core::MicroUsd(77);
    ShardRecords::take_attempts(ticket, record);
    const std::uint64_t sequence = ticket.sequence;
    records.settle(ticket, record);
    settled_.push_back(sequence);
  }
  void refuse(ShardRecords& records, std::uint64_t number) {
    constexpr std::int64_t kMinute = std::int64_t{60} * 1'000'000'000;
    records.refusals().add(number % 2, "acme", number % 2 == 0 ? "a" : "b", "rate_limited",
                           static_cast<std::int64_t>(number / 2) * kMinute);
    ++refusals_counted_;
  }
  void write_bank(const RefusalBank& bank, std::uint64_t sequence) {
    std::vector<std::byte> bytes;
    encode_refusals(kSource, bank, bytes);
    RefusalMinute minute;
    ASSERT_TRUE(decode_refusals(bytes, minute));
    for (const RefusalCount& count : minute.counts)
      journal.refusals[std::string(count.key)] += count.count;
    journal.refusal_banks.push_back(sequence);
  }

  core::ReservedMemory memory_;
  std::vector<std::uint64_t> begun_;
  std::vector<std::uint64_t> settled_;
  std::vector<std::uint64_t> dropped_;
  std::uint64_t refusals_counted_ = 0;
  std::uint64_t damaged_ = 0;
};

// Runs it, and lets it die at that store. True: it died.
bool dies(std::uint64_t store, const std::function<void()>& life) {
  core::stores_until_death = store;
  bool died = false;
  try {
    life();
  } catch (const core::ProcessDeath&) {
    died = true;
  }
  core::stores_until_death = kNever;
  return died;
}

TEST(Death, AtEveryStoreLeavesOneRecordForEachRequest) {
  std::uint64_t store = 0;
  for (;; ++store) {
    Node node;
    const bool died = dies(store, [&] { node.serve(); });
    node.recover();
    node.expect_exactly_one_record_each();
    if (HasFailure()) FAIL() << "died at store " << store;
    if (!died) break;
  }
  EXPECT_GT(store, 200U) << "places to die at";
}

TEST(Death, OfTheSuccessorAtEveryStoreToo) {
  std::uint64_t deaths = 0;
  for (std::uint64_t store = 0;; store += 3) {
    bool died = false;
    for (std::uint64_t second = 0;; ++second) {
      Node node;
      died = dies(store, [&] { node.serve(); });
      const bool died_again = dies(second, [&] { node.recover(); });
      deaths += died_again ? 1U : 0U;
      node.recover();
      node.expect_exactly_one_record_each();
      if (HasFailure()) FAIL() << "died at store " << store << ", then at " << second;
      if (!died_again) break;
    }
    if (!died) break;
  }
  EXPECT_GT(deaths, 1000U);
}

// What is overwritten behind the dead costs nobody else his record, nor has anybody two.
TEST(Death, BesideDamageLeavesOneRecordForEachOtherRequest) {
  std::uint64_t damaged = 0;
  for (std::uint64_t store = 0;; ++store) {
    bool died = false;
    for (std::uint64_t second = 0;; second += 3) {
      Node node;
      died = dies(store, [&] { node.serve(); });
      node.damage_one();
      damaged += node.damaged();
      const bool died_again = dies(second, [&] { node.recover(); });
      node.recover();
      node.expect_exactly_one_record_each();
      if (HasFailure()) FAIL() << "died at store " << store << ", then at " << second;
      if (!died_again) break;
    }
    if (!died) break;
  }
  EXPECT_GT(damaged, 1000U);
}

TEST(Death, OfOneSuccessorAfterAnother) {
  Node node;
  EXPECT_TRUE(dies(150, [&] { node.serve(); }));
  std::uint64_t deaths = 0;
  while (dies(deaths, [&] { node.recover(); }))
    ++deaths;
  EXPECT_GT(deaths, 10U);
  node.expect_exactly_one_record_each();
}

}  // namespace
}  // namespace headrace::policy
