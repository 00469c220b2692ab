// A request for a stream with a cap: what its provider will stream, and what became of it by its
// client's word and by its record.
//
// Threads: plain data of one run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/record/usage_record.h"
#include "tests/sim/stream_script.h"

namespace headrace::sim {

// For its client.
enum class StreamOutcome : std::uint8_t { open, whole, lost, failed, left };

struct StreamAsk {
  StreamScript script;
  std::uint32_t output_cap = 0;  // of each choice
  bool usage_wanted = false;
  bool breaks = false;  // its provider may
  bool asked = false;   // its provider was
  std::string answer;   // of the provider
  std::size_t said_bytes = 0;

  StreamOutcome outcome = StreamOutcome::open;
  std::string body;  // that its client has
  std::uint32_t records = 0;
  policy::RecordEnding ending = policy::RecordEnding::under_way;
  policy::UsageSource source = policy::UsageSource::none;
  SaidTokens charged;

  [[nodiscard]] std::int64_t output_max() const {
    return std::int64_t{output_cap} * script.plan.choices;
  }
};

// Of any form; nearly every second one goes far beyond where it must be cut, some as far as there.
// Drawn from the world's dice.
[[nodiscard]] StreamAsk some_stream_ask(std::uint32_t number);
// As its client sends it. It is known again by kStreamMark and its number in X-Request-Id.
[[nodiscard]] std::string request_of(const StreamAsk& ask, std::string_view key);
inline constexpr std::string_view kStreamMark = "streamed-";

}  // namespace headrace::sim
