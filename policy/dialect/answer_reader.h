// Gathers what an answer says that concerns the gateway, from a walk over `answer_fields`: of a
// whole answer, or of a streamed one event by event.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "policy/dialect/answer_fields.h"
#include "policy/dialect/endpoint.h"
#include "policy/dialect/event_pattern.h"
#include "policy/dialect/finish_reason.h"
#include "policy/dialect/raw_usage.h"
#include "policy/dialect/short_text.h"
#include "policy/json/json_step.h"

namespace headrace::policy {

// What an event of a stream is, by its `type` (Responses, Anthropic).
enum class AnswerEvent : std::uint8_t {
  none,         // has no type, or one that says nothing here
  delta,        // a piece of output
  block_begin,  // Anthropic: a content block opens
  block_end,    // ... and is complete
  last_usage,   // Anthropic's message_delta: the final count
  completed,    // the end of the stream
  failed,
};

class AnswerReader final : public JsonSink {
 public:
  // Of the whole answer so far.
  RawUsage raw;
  ShortText service_tier;
  FinishReason finish_reason = FinishReason::none;
  bool error = false;  // an error object stood where the dialect puts it
  // Some choice ended otherwise than by itself or for a tool (cut at the cap, filtered), or the
  // model declined: such an answer is nobody else's.
  bool withheld = false;
  // The last one seen: of the event (Responses), or of its content block (Anthropic).
  std::int64_t sequence_number = -1;

  // Of the current event (or whole answer).
  AnswerEvent event = AnswerEvent::none;
  bool usage_here = false;         // a usage object, not null
  bool choices_here = false;       // the member `choices`
  bool choice_here = false;        // ... which is not empty
  std::uint32_t output_bytes = 0;  // strings of the model's output, as they stand in JSON
  bool plain = false;              // says nothing but output

  // What of the current event differs from one to the next, or may: offsets in its JSON text.
  [[nodiscard]] std::span<const EventHole> holes() const {
    return std::span(holes_).first(hole_count_);
  }
  // There is more of it than an EventPattern can have.
  [[nodiscard]] bool too_many_holes() const { return sure_holes_ > EventPattern::kHolesMax; }

  void begin_event();
  bool on_json(const JsonStep& step) override;

 private:
  enum class Modality : std::uint8_t { other, audio, image };
  void end_details(AnswerField details);

  void note_hole(const JsonStep& step, EventHole::Kind kind);

  std::array<EventHole, EventPattern::kHolesMax + EventPattern::kMaybeMax> holes_{};
  std::uint8_t hole_count_ = 0;
  std::uint8_t sure_holes_ = 0;  // those that are no `maybe`; beyond the bound: more than are kept
  Modality modality_ = Modality::other;  // Gemini: of the current element of a details array
  std::int64_t modality_count_ = 0;
};

}  // namespace headrace::policy
