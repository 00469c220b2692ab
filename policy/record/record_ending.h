// How a request ended, as its usage record says it: by whose doing its answer was not what the
// client had asked for. Where more than one thing happened, the first.
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::policy {

// The numbers stand in records: never renumber, new ones go to the end.
enum class RecordEnding : std::uint8_t {
  under_way = 0,         // an intent: it had not ended when this was written
  answered = 1,          // the client got a whole answer, the provider's or the cache's
  failed = 2,            // the client got an error of ours, after it was admitted
  broken = 3,            // the provider broke off within its answer
  client_left = 4,       // before the end of its answer
  cut = 5,               // by us: a limit was reached within the answer
  lost = 6,              // the gateway's process died
  client_too_slow = 7,   // by us: below the least rate, with its answer or a body meanwhile
  shutdown = 8,          // by us: the process ended, and waited no longer
  no_memory = 9,         // by us: there was no room for more of the answer
  event_too_large = 10,  // by us: one of the provider's stream, beyond `event_bytes_max`
  timed_out = 11,        // by us: the provider's time was over within its answer
};
inline constexpr RecordEnding kLastRecordEnding = RecordEnding::timed_out;

[[nodiscard]] std::string_view to_text(RecordEnding ending);

}  // namespace headrace::policy
