// What a config base says of records: where they are journaled, and what of them a request waits
// for.
#pragma once

#include <cstdint>

#include "policy/config/row_values.h"

namespace headrace::policy::config {

struct JournalSettings {
  TextRef directory;  // empty: no records are kept
  TextRef node;       // empty: the machine's name
  std::uint64_t records_per_second_planned;
  std::uint64_t requests_under_way_max;
  std::uint64_t flush_interval_ms;
  std::uint64_t segment_bytes_max;
  std::uint64_t segment_age_max_s;
  std::uint64_t retention_segments_max;
  std::uint64_t retention_bytes_max;
  std::uint64_t retention_age_max_s;
  Switch body_tags;  // what bodies say of their purpose stands in records
  std::uint8_t reserved[7];
};

enum class OnDisconnect : std::uint8_t { cancel, drain };

struct BillingSettings {
  Switch strict;
  OnDisconnect on_disconnect;
  std::uint8_t reserved[6];
};

}  // namespace headrace::policy::config
