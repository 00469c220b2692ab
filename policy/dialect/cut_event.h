// The events by which the gateway ends a stream that has used up what it may: what the provider
// would have said at its output cap, so that clients see an answer that was cut and not an error.
// Responses streams fail with the code budget_exhausted.
//
// Every choice that is open ends with a chunk of its own, as providers send them; Gemini's end all
// in one, which has only the count where none is open. Choices that are not followed
// (UnfinishedAnswer::kChoicesMax) end with the stream only.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "policy/dialect/endpoint.h"
#include "policy/dialect/stream_form.h"
#include "policy/dialect/unfinished_answer.h"

namespace headrace::policy {

class StreamMeter;

struct CutAnswer {
  std::string_view model;            // cut at UnfinishedAnswer::kNameBytesMax, like `id`
  std::string_view id;               // of the answer
  std::string_view message;          // for people
  std::int64_t created_seconds = 0;  // since 1970
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;    // as far as it came
  std::int64_t sequence_number = 0;  // of a Responses stream's next event
  std::int64_t open_block = -1;      // Anthropic: the content block to be ended first; -1: none
  ChoiceSet choices = 0;             // OpenAI, Gemini: of which something came; 0: the first alone
  ChoiceSet open_choices = 0;        // those of them that have not ended
  bool include_usage = false;        // OpenAI: the client asked for it
  StreamForm form = StreamForm::events;
  bool has_elements = false;  // of an array: some stand before this one
};

inline constexpr std::size_t kCutEventBytesMax = 6144;

// As far as the stream itself says it, which must live as long; no tokens and no message.
[[nodiscard]] CutAnswer cut_answer_of(const StreamMeter& stream);

// Returns the size; `out` has kCutEventBytesMax. Whole events, each with its empty line; of an
// array an element and the array's end.
[[nodiscard]] std::size_t write_cut_event(const CutAnswer& answer, Endpoint endpoint,
                                          std::span<char> out);

}  // namespace headrace::policy
