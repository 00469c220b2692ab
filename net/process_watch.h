// Looks at this process's own figures once a second (core/process_figures.h), so that the admin
// pages can tell them and no shard waits for the kernel to gather them.
//
// Threads: look() on one thread that is no shard, the main one; value() on any.
#pragma once

#include <chrono>
#include <cstdint>

#include "core/counters.h"
#include "core/process_figures.h"

namespace headrace::net {

class ProcessWatch {
 public:
  static constexpr std::chrono::seconds kPeriod{1};
  // Where open files must be counted one by one, they are so in one look of these.
  static constexpr std::uint32_t kLooksPerFileCount = 10;

  // Does nothing before kPeriod has passed.
  void look();

  // As of the last look; below 0: not known.
  struct Gauges {
    core::Gauge cpu_nanos;
    core::Gauge resident_bytes;
    core::Gauge virtual_bytes;
    core::Gauge open_files;
    core::Gauge files_max;
    core::Gauge start_unix_millis;
  };
  [[nodiscard]] const Gauges& gauges() const { return gauges_; }

 private:
  Gauges gauges_;
  std::chrono::steady_clock::time_point next_look_{};
  std::uint32_t looks_ = 0;
};

}  // namespace headrace::net
