// A node's shared region as an operator's program opens it, live or while no data plane runs: its
// limits, its clocks, and the config that it serves.
//
// Threads: one. Errors are for the operator.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <vector>

#include "core/limits/limit_memory.h"
#include "core/shared_region.h"
#include "policy/config/config_view.h"

namespace headrace::tools::ctl {

class NodeRegion {
 public:
  static std::expected<NodeRegion, std::string> open(const std::string& path);

  [[nodiscard]] core::LimitMemory limits() const { return core::LimitMemory::of(region_); }
  // By the clock that calendar windows go by.
  [[nodiscard]] core::LimitTime now() const;
  // The one that is served now: a copy, as a data plane may write another one over it meanwhile.
  // Its view lasts as long as this and until it is asked for again.
  [[nodiscard]] std::expected<policy::config::ConfigView, std::string> config();

  [[nodiscard]] static core::Instant monotonic_now();
  [[nodiscard]] static core::WallTime system_now();

 private:
  explicit NodeRegion(core::SharedRegion region) : region_(std::move(region)) {}

  core::SharedRegion region_;
  std::vector<std::byte> base_;
};

}  // namespace headrace::tools::ctl
