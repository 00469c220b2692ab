// Clients that leave while their request is on its way to the provider, at every moment of it, in
// the simulated world; providers that read it at once or slowly.
//
// What must hold: whoever's request a provider has whole is charged for it, also who leaves before
// anybody knows that it is; whose request has not left whole pays nothing. What is between the two
// (sent whole, and lost with its connection) is counted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace headrace::sim {

struct LeavingRun {
  std::vector<std::string> violations;  // empty: everything held
  std::uint64_t answered = 0;
  std::uint64_t left = 0;
  std::uint64_t left_whole = 0;  // of these: the provider had the whole request
  std::uint64_t left_in_part = 0;
  std::uint64_t left_unheard = 0;  // it had no byte
  std::uint64_t charged_in_part = 0;

  bool operator==(const LeavingRun&) const = default;
};

// The same seed gives the same run, always.
LeavingRun run_leaving_scenario(std::uint64_t seed);

}  // namespace headrace::sim
