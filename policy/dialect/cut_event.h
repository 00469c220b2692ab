// The events by which the gateway ends a stream that has used up what it may: what the provider
// would have said at its output cap, so that clients see an answer that was cut and not an error.
// Responses streams fail with the code budget_exhausted.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "policy/dialect/endpoint.h"

namespace headrace::policy {

struct CutAnswer {
  std::string_view model;
  std::string_view id;               // of the answer, where one must be named
  std::string_view message;          // for people
  std::int64_t created_seconds = 0;  // since 1970
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;    // as far as it came
  std::int64_t sequence_number = 0;  // of a Responses stream's next event
  std::int64_t open_block = -1;      // Anthropic: the content block to be ended first; -1: none
  bool include_usage = false;        // OpenAI: the client asked for it
};

inline constexpr std::size_t kCutEventBytesMax = 2048;

// Returns the size; `out` has kCutEventBytesMax. Whole events, each with its empty line.
[[nodiscard]] std::size_t write_cut_event(const CutAnswer& answer, Endpoint endpoint,
                                          std::span<char> out);

}  // namespace headrace::policy
