// Processes that take of limits of every kind, settle, give back and come too late, and are killed
// while their requests hold credit; in time that goes on by itself, without a gateway around them.
//
// What must hold: of each measure what was reserved has been settled, refunded or has lapsed when
// nothing is under way any more, by the scenario's own count too; what a dead process's requests
// held has lapsed, but for permits; of a total, of which nothing ever comes back by itself, the
// limit's words say the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace headrace::sim {

struct LimitRun {
  std::vector<std::string> violations;  // empty: everything held
  std::uint64_t reserved = 0;           // requests
  std::uint64_t refused = 0;
  std::uint64_t kills = 0;
  std::uint64_t slices = 0;  // that shards have taken
  std::uint64_t settled = 0;
  std::uint64_t refunded = 0;
  std::uint64_t lapsed = 0;
  std::uint64_t lapsed_with_the_dead = 0;

  bool operator==(const LimitRun&) const = default;
};

// The same seed gives the same run, always.
LimitRun run_limit_scenario(std::uint64_t seed);

}  // namespace headrace::sim
