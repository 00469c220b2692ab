// What a client makes of a stream that it got, whole, cut at its cap or broken off: the events of
// its provider byte for byte, then perhaps the gateway's own words, which must end it well.
//
// Shares nothing with the gateway's own readers and writers, so that neither covers up for the
// other. Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/sim/stream_script.h"

namespace headrace::sim {

// Events beyond that go on in pieces as they come.
inline constexpr std::size_t kHeldBytesMax = 4'096;

struct CameStream {
  std::size_t events = 0;  // of the script, that came whole
  std::string_view rest;   // what came behind them
};
// `usage_wanted`: its client has asked for OpenAI's usage chunk.
[[nodiscard]] CameStream came_of(const StreamScript& script, bool usage_wanted,
                                 std::string_view body);

// What a meter must know behind so many events.
struct MeteredStream {
  Parts open = 0;
  Parts ended = 0;
  Parts goes_on = 0;  // have said that they had ended, and had words after that
  std::int64_t texts = 0;
  std::int64_t bytes = 0;
  std::optional<SaidTokens> said;
  bool said_is_final = false;

  void add(const ScriptedEvent& event, StreamWire wire);
  // Of one whose end has not come: what its provider says of the count is true all the same.
  void add_part_of(const ScriptedEvent& event);
  [[nodiscard]] bool has_begun() const { return (open | ended) != 0; }
  [[nodiscard]] std::int64_t output() const;
  // Its provider has surely gone on beyond this cap of all choices together.
  [[nodiscard]] bool is_over(std::int64_t output_max) const;
};
[[nodiscard]] MeteredStream metered(const StreamScript& script, std::size_t events);
// Of so many events, what came in one run while the stream was beyond its cap.
[[nodiscard]] std::size_t bytes_beyond_cap(const StreamScript& script, std::size_t events,
                                           std::int64_t output_max);

// What is wrong with the end of a stream that was cut; empty: nothing. `charged`: by its record.
[[nodiscard]] std::string complaint_of_cut(const StreamScript& script, bool usage_wanted,
                                           std::string_view body, const SaidTokens& charged);
// The same of one that broke off.
[[nodiscard]] std::string complaint_of_break(const StreamScript& script, bool usage_wanted,
                                             std::string_view body);

}  // namespace headrace::sim
