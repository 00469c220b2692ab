#include "policy/dialect/answer_reader.h"

namespace headrace::policy {
namespace {

// Responses: a part of a message, and the events that tell of one.
constexpr std::string_view kRefusalPart = "refusal";
constexpr std::string_view kRefusalEvent = "response.refusal.";

bool ends_well(FinishReason reason) {
  return reason == FinishReason::none || reason == FinishReason::stop ||
         reason == FinishReason::tool;
}

struct EventRow {
  std::string_view type;
  AnswerEvent event;
};

// Responses and Anthropic. Of the many *.delta events of Responses those stand here whose `delta`
// is text that the model wrote.
constexpr EventRow kEvents[] = {
    {"response.output_text.delta", AnswerEvent::delta},
    {"response.function_call_arguments.delta", AnswerEvent::delta},
    {"response.reasoning_summary_text.delta", AnswerEvent::delta},
    {"response.reasoning_text.delta", AnswerEvent::delta},
    {"response.refusal.delta", AnswerEvent::delta},
    {"response.custom_tool_call_input.delta", AnswerEvent::delta},
    {"response.mcp_call_arguments.delta", AnswerEvent::delta},
    {"response.code_interpreter_call_code.delta", AnswerEvent::delta},
    {"response.completed", AnswerEvent::completed},
    {"response.incomplete", AnswerEvent::completed},
    {"response.failed", AnswerEvent::failed},
    {"content_block_start", AnswerEvent::block_begin},
    {"content_block_delta", AnswerEvent::delta},
    {"content_block_stop", AnswerEvent::block_end},
    {"message_delta", AnswerEvent::last_usage},
    {"message_stop", AnswerEvent::completed},
    {"error", AnswerEvent::failed},
};

AnswerEvent event_of(std::string_view type) {
  for (const EventRow& row : kEvents) {
    if (row.type == type) return row.event;
  }
  return AnswerEvent::none;
}

}  // namespace

void AnswerReader::begin_event() {
  event = AnswerEvent::none;
  usage_here = choices_here = choice_here = false;
  output_bytes = 0;
  plain = true;
  hole_count_ = sure_holes_ = 0;
}

// A string's hole lies between its quotes.
void AnswerReader::note_hole(const JsonStep& step, EventHole::Kind kind) {
  if (kind == EventHole::Kind::maybe) {
    if (hole_count_ - sure_holes_ == EventPattern::kMaybeMax) return;
  } else {
    if (too_many_holes()) return;
    ++sure_holes_;
    if (too_many_holes()) return;
  }
  const std::uint32_t quote = kind == EventHole::Kind::number ? 0 : 1;
  holes_[hole_count_++] = {kind, static_cast<std::uint32_t>(step.begin) + quote,
                           static_cast<std::uint32_t>(step.end) - quote};
}

bool AnswerReader::on_json(const JsonStep& step) {
  const auto field = static_cast<AnswerField>(step.field);
  if (step.kind == JsonStep::Kind::close) {
    end_details(field);
    return true;
  }
  if (step.field == kJsonNoField) {
    note_hole(step, EventHole::Kind::maybe);
    return true;
  }
  switch (field) {
    case AnswerField::refusal:
      withheld |= step.type == JsonType::string;
      [[fallthrough]];
    case AnswerField::output:
      if (step.type == JsonType::string) {
        output_bytes += static_cast<std::uint32_t>(step.end - step.begin - 2);
        note_hole(step, EventHole::Kind::output);
      }
      break;
    case AnswerField::answer_id:
    case AnswerField::answer_model:
      // Somebody else's (policy/dialect/unfinished_answer.h).
      if (step.type == JsonType::string) note_hole(step, EventHole::Kind::maybe);
      break;
    case AnswerField::padding:
      if (step.type == JsonType::string) note_hole(step, EventHole::Kind::text);
      break;
    case AnswerField::usage:
      usage_here |= step.type == JsonType::object;
      plain &= !usage_here;
      break;
    case AnswerField::choices:
      choices_here = step.type == JsonType::array;
      break;
    case AnswerField::choice:
      choice_here = true;
      break;
    case AnswerField::input_details:
    case AnswerField::cached_details:
    case AnswerField::output_details:
      modality_ = Modality::other;
      modality_count_ = 0;
      break;
    case AnswerField::modality:
      modality_ = step.text == "AUDIO"   ? Modality::audio
                  : step.text == "IMAGE" ? Modality::image
                                         : Modality::other;
      break;
    case AnswerField::modality_count:
      modality_count_ = step.integer ? step.number : 0;
      break;
    case AnswerField::service_tier:
      if (step.type == JsonType::string) service_tier = ShortText(step.text);
      break;
    case AnswerField::finish_reason:
      if (step.type == JsonType::string) {
        finish_reason = finish_reason_of(step.text);
        withheld |= !ends_well(finish_reason);
        plain = false;
      }
      break;
    case AnswerField::part_type:
      withheld |= step.type == JsonType::string && step.text == kRefusalPart;
      break;
    case AnswerField::event_type:
      if (step.type == JsonType::string) {
        event = event_of(step.text);
        withheld |= step.text.starts_with(kRefusalEvent);
      }
      plain &= event == AnswerEvent::delta;
      break;
    case AnswerField::sequence_number:
      if (!step.integer || step.number < 0) {
        plain = false;
        break;
      }
      sequence_number = step.number;
      note_hole(step, EventHole::Kind::number);
      break;
    case AnswerField::error:
      error |= step.type == JsonType::object || step.type == JsonType::string;
      plain &= !error;
      break;
    default:
      if (field > AnswerField::first_count && step.type == JsonType::number) {
        const auto raw_field = static_cast<RawField>(
            static_cast<unsigned>(field) - static_cast<unsigned>(AnswerField::first_count));
        raw.set(raw_field, step.integer ? step.number : -1);
      }
      break;
  }
  return true;
}

void AnswerReader::end_details(AnswerField details) {
  if (modality_ == Modality::other) return;
  const bool audio = modality_ == Modality::audio;
  switch (details) {
    case AnswerField::input_details:
      raw.set(audio ? RawField::prompt_audio_detail : RawField::prompt_image_detail,
              modality_count_);
      break;
    case AnswerField::cached_details:
      raw.set(audio ? RawField::cached_audio_detail : RawField::cached_image_detail,
              modality_count_);
      break;
    case AnswerField::output_details:
      raw.set(audio ? RawField::candidates_audio_detail : RawField::candidates_image_detail,
              modality_count_);
      break;
    default:
      break;
  }
}

}  // namespace headrace::policy
