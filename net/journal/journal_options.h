// What the config says of the journal.
#pragma once

#include <cstdint>
#include <string>

#include "core/clock.h"

namespace headrace::net {

struct JournalOptions {
  std::string node;
  core::Duration flush_interval = std::chrono::milliseconds(100);
  std::uint64_t segment_bytes_max = std::uint64_t{64} << 20U;
  core::Duration segment_age_max = std::chrono::hours(1);
  // Segments beyond any of these are removed, the oldest first; 0: no bound.
  std::uint64_t retention_segments_max = 0;
  std::uint64_t retention_bytes_max = 0;
  core::Duration retention_age_max{};
};

}  // namespace headrace::net
