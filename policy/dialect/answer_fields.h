// Which members of an answer, or of one event of a streamed answer, concern the gateway.
#pragma once

#include "policy/dialect/endpoint.h"
#include "policy/dialect/raw_usage.h"
#include "policy/json/json_fields.h"

namespace headrace::policy {

// What a member is, whatever the dialect calls it. The counts of RawField stand behind
// `first_count`, in their order.
enum class AnswerField : JsonField {
  root = kJsonRoot,
  level1,  // containers that only lead further in
  level2,
  level3,
  level4,
  message,  // of a choice; of Responses: the content of one
  parts,
  choices,
  choice,
  output,     // a string of the model's output
  refusal,    // likewise, where it declines
  part_type,  // Responses: of a part of a message
  usage,
  usage_level1,
  usage_level2,
  usage_level3,
  input_details,  // Gemini: arrays of {modality, tokenCount}
  cached_details,
  output_details,
  modality,
  modality_count,
  service_tier,
  finish_reason,
  event_type,
  sequence_number,  // of the event; Anthropic: of the content block that it is about
  padding,          // a string that means nothing
  error,
  choice_index,  // these four in stream_fields() only
  answer_id,
  answer_model,
  answer_created,  // seconds since 1970
  first_count,
};

constexpr AnswerField count_field(RawField field) {
  return static_cast<AnswerField>(static_cast<unsigned>(AnswerField::first_count) +
                                  static_cast<unsigned>(field));
}
static_assert(static_cast<std::size_t>(AnswerField::first_count) + kRawFieldCount <=
              kJsonFieldsMax);

[[nodiscard]] const JsonFields& answer_fields(Endpoint endpoint);
// Of an event of a stream: besides, what an event of ours at its end has to say again.
[[nodiscard]] const JsonFields& stream_fields(Endpoint endpoint);

}  // namespace headrace::policy
