#include "policy/record/orphan_requests.h"

#include <array>

#include "core/in_flight_table.h"
#include "policy/record/partial_record.h"
#include "policy/record/record_codec.h"
#include "policy/record/shard_records.h"

namespace headrace::policy {

namespace {

class OrphanRecovery {
 public:
  OrphanRecovery(core::RecordRingProducer& ring, std::int64_t now_unix_nanos)
      : ring_(ring), now_unix_nanos_(now_unix_nanos) {}

  // False: the ring is full.
  bool settle(core::InFlightEntry& entry, const core::InFlightSight& sight) {
    if (core::is_settled(sight, ring_.written())) {
      ++result.settled;
    } else if (const auto record = partial_record(sight, now_unix_nanos_)) {
      const std::size_t size = encode_record(*record, bytes_);
      core::begin_settling(entry, ring_.written());
      if (!ring_.push(kRingUsage, std::span(bytes_).first(size))) return false;
      ++result.partial;
    } else {
      ++result.damaged;
    }
    core::free_entry(entry);
    return true;
  }

  OrphanRequests result;

 private:
  core::RecordRingProducer& ring_;
  std::int64_t now_unix_nanos_;
  std::array<std::byte, kRecordBytesMax> bytes_;
};

}  // namespace

OrphanRequests settle_orphan_requests(core::RecordRingProducer& ring,
                                      std::span<core::InFlightEntry> entries,
                                      std::int64_t now_unix_nanos) {
  OrphanRecovery recovery(ring, now_unix_nanos);
  // First the one whose record was being written, if there is one: what the ring has beyond its
  // place must not be anybody else's.
  for (const bool settling : {true, false}) {
    for (core::InFlightEntry& entry : entries) {
      const auto sight = core::look_at(entry);
      if (!sight || (settling && sight->settling_at == 0)) continue;
      if (!recovery.settle(entry, *sight)) return recovery.result;
    }
  }
  recovery.result.complete = true;
  return recovery.result;
}

}  // namespace headrace::policy
