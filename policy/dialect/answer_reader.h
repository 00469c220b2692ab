// What an answer, or one event of a streamed answer, says that concerns the gateway: which members
// each endpoint's answers have (tables of paths) and what their values mean.
#pragma once

#include <cstdint>

#include "policy/dialect/endpoint.h"
#include "policy/dialect/finish_reason.h"
#include "policy/dialect/usage.h"
#include "policy/json/json_walker.h"

namespace headrace::policy {

// Which kind of event a stream's event is, as far as it matters.
enum class AnswerEvent : std::uint8_t { none, delta, completed, incomplete, failed, stopped };

struct AnswerReading {
  RawUsage raw;
  ShortText service_tier;
  FinishReason finish_reason = FinishReason::none;
  bool error = false;  // holds an error object where the dialect puts it

  // Of the current object only (a whole answer, or one event): see begin_object().
  AnswerEvent event = AnswerEvent::none;
  bool usage_here = false;       // a usage object, not null
  bool choices_here = false;     // the member `choices` is there
  bool choice_here = false;      // it has at least one element
  std::uint32_t text_bytes = 0;  // of the model's output, as JSON text
  std::uint8_t modality = 0;     // Gemini: of the current element of a details array
  std::uint32_t modality_count = 0;

  void begin_object();
};

[[nodiscard]] const JsonFields& answer_fields(Endpoint endpoint);

// Takes in one step (field or close) of a walk over `answer_fields(endpoint)`.
void read_step(AnswerReading& reading, const JsonStep& step);

}  // namespace headrace::policy
