// The states of an exchange and the moves between them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace headrace::net {

enum class ExchangeState : std::uint8_t {
  reading_body,       // head judged, the body is arriving
  judging_body,       // it is there; a large one is judged a piece a turn
  parked,             // waits at a stage (policy/stages.h) for what it needs to go on
  awaiting_upstream,  // waits for a connection
  sending,            // request on its way; the answer may already come
  awaiting_answer,    // sent
  judging_answer,     // it is a failure: read to its end before anybody sees it
  relaying,           // the answer's head is on its way to the client
  flushing,           // the answer (or our own) is complete; what is queued is being sent
  closing,            // the client's connection dies
  count,
};

inline constexpr std::size_t kExchangeStates =
    static_cast<std::size_t>(std::to_underlying(ExchangeState::count));

inline constexpr std::array<std::string_view, kExchangeStates> kExchangeStateNames = {
    "reading_body",    "judging_body",   "parked",   "awaiting_upstream", "sending",
    "awaiting_answer", "judging_answer", "relaying", "flushing",          "closing"};

// One row a state: a bit for each state that may follow.
constexpr bool may_move(ExchangeState from, ExchangeState to) {
  using enum ExchangeState;
  constexpr auto bit = [](ExchangeState state) { return 1U << std::to_underlying(state); };
  constexpr std::array<unsigned, kExchangeStates> moves = {
      // A body that is passed through unread goes from reading_body straight on.
      /* reading_body */ bit(judging_body) | bit(parked) | bit(awaiting_upstream) | bit(flushing) |
          bit(closing),
      /* judging_body */ bit(parked) | bit(awaiting_upstream) | bit(flushing) | bit(closing),
      // To awaiting_answer from here and from the next: a hedge is over before it was sent.
      /* parked */ bit(awaiting_upstream) | bit(awaiting_answer) | bit(flushing) | bit(closing),
      /* awaiting_upstream */ bit(sending) | bit(awaiting_answer) | bit(parked) | bit(flushing) |
          bit(closing),
      // Back to awaiting_upstream: the one safe replay, or a hedge. Back to parked: the retry edge,
      // before a byte of an answer was for the client. To judging_answer: a provider that may not
      // take our key has said so before it had the whole request.
      /* sending */ bit(awaiting_answer) | bit(parked) | bit(awaiting_upstream) |
          bit(judging_answer) | bit(relaying) | bit(flushing) | bit(closing),
      /* awaiting_answer */ bit(parked) | bit(awaiting_upstream) | bit(judging_answer) |
          bit(relaying) | bit(flushing) | bit(closing),
      /* judging_answer */ bit(parked) | bit(relaying) | bit(closing),
      /* relaying */ bit(flushing) | bit(closing),
      /* flushing */ bit(closing),
      /* closing */ 0U,
  };
  return (moves[static_cast<std::size_t>(std::to_underlying(from))] & bit(to)) != 0;
}

// How often each move was made, from and to. A test that claims to cover the exchange shows here
// that it made them all.
using ExchangeMoves = std::array<std::array<std::uint64_t, kExchangeStates>, kExchangeStates>;

}  // namespace headrace::net
