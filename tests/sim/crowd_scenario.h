// One run of the simulator in which a crowd connects at once, with names for which the attendant
// signs: more handshakes wait for it than there may be signatures under way, and some of the crowd
// leave while theirs does.
//
// What must hold: everybody who stays is served, however long the line; at the end nothing is left.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/tls_events.h"

namespace headrace::sim {

struct CrowdRun {
  std::vector<std::string> violations;  // empty: everything held
  std::uint64_t answered = 0;
  std::uint64_t left = 0;         // by their clients, within their handshakes
  std::uint64_t signer_full = 0;  // rests while more waited than may be signed for at a time
  TlsCounts tls{};

  bool operator==(const CrowdRun&) const = default;
};

// The same seed gives the same run, always.
CrowdRun run_crowd_scenario(std::uint64_t seed);

}  // namespace headrace::sim
