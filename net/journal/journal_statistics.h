// What the journal counts: written by its thread, read by the admin pages at any time.
#pragma once

#include "core/counters.h"

namespace headrace::net {

struct JournalStatistics {
  core::Counter records;           // usage records that are on the disk
  core::Counter intents;           // of billing: strict
  core::Counter refusal_minutes;   // banks of refusal counts
  core::Counter pools;             // spent amounts of calendar pools, outside of checkpoints
  core::Counter bytes;             // written and synced
  core::Counter segments;          // opened
  core::Counter segments_removed;  // by age, number or size
  core::Counter write_failures;
  core::Counter tail_bytes_dropped;  // behind the last whole frame of what a dead process left
  core::Counter records_recovered;   // partial records of requests that a dead process had
  core::Counter records_damaged;     // places where they could not be read any more
  core::Gauge stalled;               // 1: the disk takes nothing, the rings fill
  core::Gauge waiting_bytes;         // in all rings
  core::Gauge lag_nanos;             // since all that waited was on the disk
};

}  // namespace headrace::net
