#include "tests/sim/sim_journal.h"

#include <span>

#include <fmt/format.h>

#include "core/in_flight_table.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_failure.h"
#include "policy/record/record_codec.h"

namespace headrace::sim {

namespace {

constexpr std::uint64_t kRingBytes = 1024 * 1024;
constexpr std::uint64_t kCrampedRingBytes = 16 * 1024;
constexpr std::size_t kEntries = 256;
constexpr std::size_t kCrampedEntries = 5;

}  // namespace

void SimJournal::attach(net::DataPlaneShard& shard, core::Io& io) {
  const std::size_t ring_bytes =
      core::record_ring_area_bytes(cramped_ ? kCrampedRingBytes : kRingBytes);
  const std::size_t table_bytes =
      (cramped_ ? kCrampedEntries : kEntries) * core::kInFlightEntryBytes;
  const std::size_t ring_room = core::round_up(ring_bytes, core::kPageBytes);
  const std::size_t table_room = core::round_up(table_bytes, core::kPageBytes);
  auto added = std::make_unique<Shard>(
      Shard{.shard = &shard,
            .io = &io,
            .memory = {"a shard's accounting", ring_room + table_room + policy::kRefusalAreaBytes},
            .ring = nullptr,
            .records = {},
            .writing = false});
  std::byte* at = added->memory.data();
  const policy::ShardRecordAreas areas{
      .ring = {at, ring_bytes},
      .in_flight = {at + ring_room, table_bytes},
      .refusals = {at + ring_room + table_room, policy::kRefusalAreaBytes}};
  core::begin_record_ring(areas.ring, shard.context().number);
  added->ring = std::make_unique<core::RecordRingConsumer>(areas.ring, policy::kRecordBytesMax);
  shard.keep_records({.region = 1, .epoch = 1, .shard = shard.context().number}, areas, nullptr);
  shards_.push_back(std::move(added));
}

void SimJournal::attend() {
  for (const auto& each : shards_) {
    Shard& shard = *each;
    if (shard.writing || shard.ring->waiting() == 0) continue;
    shard.writing = true;
    world_.after(world_.some_delay(), [this, &shard] {
      shard.writing = false;
      write(shard);
      shard.io->wake();
    });
  }
}

void SimJournal::write(Shard& shard) {
  while (const auto next = shard.ring->next()) {
    const auto record = policy::decode_record(next->payload);
    if (!record) {
      world_.violation("a record in the ring is none");
    } else if (next->kind == policy::kRingUsage) {
      ++shard.records[record->id.sequence];
      if (on_record) on_record(*record);
      if (record->ending == policy::RecordEnding::under_way) {
        world_.violation("a record of a request that has not ended");
      }
      for (const policy::RecordedAttempt& attempt :
           std::span(record->attempts).first(record->attempt_count)) {
        const auto failure = static_cast<net::UpstreamFailure>(attempt.failure);
        beaten_ += failure == net::UpstreamFailure::beaten ? 1U : 0U;
      }
    }
  }
  shard.ring->acknowledge();
}

std::vector<std::string> SimJournal::complaints() {
  std::vector<std::string> found;
  for (const auto& shard : shards_) {
    write(*shard);
    const std::uint32_t number = shard->shard->context().number;
    std::uint64_t expected = 0;
    for (const auto& [sequence, count] : shard->records) {
      if (count != 1) found.push_back(fmt::format("request {} has {} records", sequence, count));
      if (sequence != expected++) {
        found.push_back(fmt::format("shard {}: no record of request {}", number, expected - 1));
        break;
      }
    }
    const policy::ShardRecords& records = shard->shard->context().record_keeper->records();
    if (records.begun() != shard->records.size()) {
      found.push_back(fmt::format("shard {}: {} admitted requests, {} records", number,
                                  records.begun(), shard->records.size()));
    }
    if (records.in_flight() != 0) found.push_back("entries in flight are left");
  }
  return found;
}

std::uint64_t SimJournal::records() const {
  std::uint64_t sum = 0;
  for (const auto& shard : shards_)
    sum += shard->records.size();
  return sum;
}

}  // namespace headrace::sim
