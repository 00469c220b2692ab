// One run of the simulator in which providers stream in every form that there is, one choice or
// several, and many of them go on beyond their caps; some break off, some clients leave.
//
// What must hold: a stream is cut where it is surely beyond its cap, soon and never sooner; its
// client has its provider's events byte for byte, and behind them what ends every choice that is
// open, once, under the stream's own names; what a client has can be read to its end. Each request
// has one record, which tells how it ended and of as many tokens as came up to there, by the
// provider's word or by count; of these the limit is charged.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/stream_script.h"
#include "tests/sim/tls_events.h"

namespace headrace::sim {

struct CutRun {
  std::vector<std::string> violations;  // empty: everything held
  std::uint64_t requests = 0;
  std::array<std::uint64_t, kStreamWires> answered{};  // whole
  std::array<std::uint64_t, kStreamWires> cut{};
  std::array<std::uint64_t, kStreamWires> broken{};
  std::uint64_t choices_cut = 0;   // of streams of several, that were open
  std::uint64_t choices_kept = 0;  // of the same, that had ended
  std::uint64_t cut_at_end = 0;    // all of which had ended
  std::uint64_t cut_by_word = 0;   // whose provider said itself that it was beyond its cap
  std::uint64_t cut_at_large = 0;  // within reach of an event that goes on in pieces
  std::uint64_t left = 0;
  TlsCounts tls{};  // of the runs that speak it

  bool operator==(const CutRun&) const = default;
};

// The same seed gives the same run, always.
CutRun run_cut_scenario(std::uint64_t seed);

}  // namespace headrace::sim
