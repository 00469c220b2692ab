// What a dead process left under way becomes records: each entry of its in-flight table one
// `partial` record in its own ring, from where it goes the way of all others.
//
// Exactly once, even if whoever does it dies too: an entry says where in the ring its record is
// about to be written, and the ring whether it was.
#pragma once

#include <cstdint>
#include <span>

#include "core/in_flight_entry.h"
#include "core/record_ring.h"

namespace headrace::policy {

struct OrphanRequests {
  std::uint64_t partial = 0;  // records written
  std::uint64_t settled = 0;  // whose record stood in the ring already
  std::uint64_t damaged = 0;  // whose intent could not be read any more: no record
  bool complete = false;      // otherwise the ring was full: drain it, and call again
};

// Under the lock of the dead process's incarnation.
OrphanRequests settle_orphan_requests(core::RecordRingProducer& ring,
                                      std::span<core::InFlightEntry> entries,
                                      std::int64_t now_unix_nanos);

}  // namespace headrace::policy
