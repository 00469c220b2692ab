// A breaker's state in one word that all shards read with one load.
//
//   63       56 55     48 47    42 41    34 33  32 31                  0
//   [  check   | openings | probes | passed | state |      moment       ]
//
//   moment    open: until when; half-open: when the last probe was let through (word_time.h)
//   passed    half-open: probes that went well, in a row
//   probes    half-open: probes under way, of all shards
//   openings  how often it has opened, modulo 256: what an attempt finds counts only in the period
//             that it began in
//   check     a fold of the rest: a word that was written over by accident is found out
//
//        failures                 time
//   closed ----> open ------------------------> half-open
//      ^           ^                             |    |
//      |           +-----------------------------+    |
//      |                 a probe failed               |
//      +----------------------------------------------+
//                  enough probes went well
//
// All zero is a closed breaker that never opened.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace headrace::policy {

enum class BreakerState : std::uint8_t { closed, open, half_open };
inline constexpr std::size_t kBreakerStates = 3;
inline constexpr std::array<std::string_view, kBreakerStates> kBreakerStateNames = {
    "closed", "open", "half_open"};

// One row a state: a bit for each state that may follow.
constexpr bool may_move(BreakerState from, BreakerState to) {
  using enum BreakerState;
  constexpr auto bit = [](BreakerState state) { return 1U << std::to_underlying(state); };
  constexpr std::array<unsigned, kBreakerStates> moves = {
      /* closed */ bit(open),
      /* open */ bit(half_open),
      /* half_open */ bit(open) | bit(closed),
  };
  return (moves[static_cast<std::size_t>(std::to_underlying(from))] & bit(to)) != 0;
}

struct BreakerWord {
  static constexpr std::uint8_t kProbesMax = 63;
  static constexpr std::uint8_t kPassedMax = 255;

  std::uint32_t moment_ms = 0;
  BreakerState state = BreakerState::closed;
  std::uint8_t passed = 0;
  std::uint8_t probes = 0;
  std::uint8_t openings = 0;

  [[nodiscard]] std::uint64_t packed() const;
  // Nothing: it is no word that packed() gives.
  [[nodiscard]] static std::optional<BreakerWord> unpacked(std::uint64_t word);

  friend bool operator==(const BreakerWord&, const BreakerWord&) = default;
};

}  // namespace headrace::policy
