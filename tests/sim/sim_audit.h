// The audit log of the simulated gateway, held against what is promised of it: every request that
// is audited is told of once, with all its decisions in their order, and no other is.
//
// Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/data_plane_shard.h"
#include "policy/stages.h"
#include "tests/sim/ledger.h"
#include "tests/sim/world.h"

namespace headrace::sim {

// The route of these models is audited, beside whatever was refused before a route was known.
inline constexpr std::string_view kAuditedModels[] = {"gpt-sim", "claude-sim"};

class SimAudit {
 public:
  explicit SimAudit(World& world) : world_(world) {}

  void attach(net::DataPlaneShard& shard) { shards_.push_back(&shard); }
  // Reads and judges what was written since.
  void take();
  // What is wrong with what was told of this request; empty: nothing.
  [[nodiscard]] std::string complaint(const Request& request) const;
  // Requests that were told of.
  [[nodiscard]] std::uint64_t requests() const { return told_.size(); }

 private:
  struct Told {
    std::uint32_t times = 0;
    std::array<std::uint32_t, policy::kStageNames.size()> decisions{};
  };

  void take_record(std::string_view lines);
  void take_line(std::string_view line, Told& told);

  World& world_;
  std::vector<net::DataPlaneShard*> shards_;
  std::vector<char> lines_;
  std::map<std::string, Told, std::less<>> told_;  // by the request's id
  std::int64_t after_us_ = 0;                      // of the line before
};

}  // namespace headrace::sim
