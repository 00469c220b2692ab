#include "policy/dialect/cut_event.h"

#include "core/check.h"
#include "policy/dialect/stream_meter.h"
#include "policy/json/json_writer.h"

namespace headrace::policy {
namespace {

constexpr std::size_t kNameBytesMax = UnfinishedAnswer::kNameBytesMax;
constexpr std::size_t kMessageBytesMax = 256;

bool holds(ChoiceSet choices, std::size_t index) {
  return (unsigned{choices} >> index & 1U) != 0;
}

void write_openai_usage(JsonWriter& writer, const CutAnswer& answer) {
  writer.raw(R"({"prompt_tokens":)").number(answer.input_tokens);
  writer.raw(R"(,"completion_tokens":)").number(answer.output_tokens);
  writer.raw(R"(,"total_tokens":)").number(answer.input_tokens + answer.output_tokens).raw("}");
}

void begin_chunk(JsonWriter& writer, const CutAnswer& answer, std::string_view object) {
  writer.raw(R"(data: {"id":)").string(answer.id, kNameBytesMax);
  writer.raw(R"(,"object":)").string(object);
  writer.raw(R"(,"created":)").number(answer.created_seconds);
  writer.raw(R"(,"model":)").string(answer.model, kNameBytesMax);
}

void write_chat(JsonWriter& writer, const CutAnswer& answer, bool chat) {
  const std::string_view object = chat ? "chat.completion.chunk" : "text_completion";
  const ChoiceSet open = answer.choices == 0 ? ChoiceSet{1} : answer.open_choices;
  for (std::size_t index = 0; index < UnfinishedAnswer::kChoicesMax; ++index) {
    if (!holds(open, index)) continue;
    begin_chunk(writer, answer, object);
    writer.raw(R"(,"choices":[{"index":)").number(static_cast<std::int64_t>(index));
    writer.raw(chat ? R"(,"delta":{})" : R"(,"text":"")");
    writer.raw(",\"finish_reason\":\"length\"}]}\n\n");
  }
  if (answer.include_usage) {
    begin_chunk(writer, answer, object);
    writer.raw(R"(,"choices":[],"usage":)");
    write_openai_usage(writer, answer);
    writer.raw("}\n\n");
  }
  writer.raw("data: [DONE]\n\n");
}

void write_responses(JsonWriter& writer, const CutAnswer& answer) {
  writer.raw("event: response.failed\n");
  writer.raw(R"(data: {"type":"response.failed","sequence_number":)");
  writer.number(answer.sequence_number);
  writer.raw(R"(,"response":{"id":)").string(answer.id, kNameBytesMax);
  writer.raw(R"(,"object":"response","created_at":)").number(answer.created_seconds);
  writer.raw(R"(,"status":"failed","error":{"code":"budget_exhausted","message":)");
  writer.string(answer.message, kMessageBytesMax);
  writer.raw(R"(},"incomplete_details":null,"model":)").string(answer.model, kNameBytesMax);
  writer.raw(R"(,"output":[],"usage":{"input_tokens":)").number(answer.input_tokens);
  writer.raw(R"(,"input_tokens_details":{"cached_tokens":0},"output_tokens":)");
  writer.number(answer.output_tokens);
  writer.raw(R"(,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":)");
  writer.number(answer.input_tokens + answer.output_tokens).raw("}}}\n\n");
}

void write_messages(JsonWriter& writer, const CutAnswer& answer) {
  if (answer.open_block >= 0) {
    writer.raw("event: content_block_stop\n");
    writer.raw(R"(data: {"type":"content_block_stop","index":)");
    writer.number(answer.open_block).raw("}\n\n");
  }
  writer.raw("event: message_delta\n");
  writer.raw(R"(data: {"type":"message_delta","delta":{"stop_reason":"max_tokens",)");
  writer.raw(R"("stop_sequence":null},"usage":{"output_tokens":)");
  writer.number(answer.output_tokens).raw("}}\n\n");
  writer.raw("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
}

void write_gemini(JsonWriter& writer, const CutAnswer& answer) {
  const bool array = answer.form == StreamForm::json_array;
  writer.raw(!array ? "data: " : answer.has_elements ? ",\r\n" : "[");
  writer.raw("{");
  const ChoiceSet open = answer.choices == 0 ? ChoiceSet{1} : answer.open_choices;
  std::string_view before = R"("candidates":[)";
  for (std::size_t index = 0; index < UnfinishedAnswer::kChoicesMax; ++index) {
    if (!holds(open, index)) continue;
    writer.raw(before).raw(R"({"finishReason":"MAX_TOKENS","index":)");
    writer.number(static_cast<std::int64_t>(index)).raw("}");
    before = ",";
  }
  if (open != 0) writer.raw("],");
  writer.raw(R"("usageMetadata":{"promptTokenCount":)").number(answer.input_tokens);
  writer.raw(R"(,"candidatesTokenCount":)").number(answer.output_tokens);
  writer.raw(R"(,"totalTokenCount":)").number(answer.input_tokens + answer.output_tokens);
  writer.raw(R"(},"modelVersion":)").string(answer.model, kNameBytesMax);
  writer.raw(R"(,"responseId":)").string(answer.id, kNameBytesMax);
  writer.raw(array ? "}\n]\n" : "}\n\n");
}

}  // namespace

CutAnswer cut_answer_of(const StreamMeter& stream) {
  const UnfinishedAnswer& own = stream.unfinished();
  return {.model = own.model(),
          .id = own.id(),
          .message = {},
          .created_seconds = own.created_seconds(),
          .sequence_number = stream.next_sequence_number(),
          .open_block = stream.open_block(),
          .choices = own.choices(),
          .open_choices = own.open_choices(),
          .form = stream.form(),
          .has_elements = stream.has_elements()};
}

std::size_t write_cut_event(const CutAnswer& answer, Endpoint endpoint, std::span<char> out) {
  HEADRACE_CHECK(out.size() >= kCutEventBytesMax);
  JsonWriter writer(out.first(kCutEventBytesMax));
  switch (endpoint) {
    case Endpoint::responses:
      write_responses(writer, answer);
      break;
    case Endpoint::messages:
      write_messages(writer, answer);
      break;
    case Endpoint::generate_content:
    case Endpoint::stream_generate_content:
      write_gemini(writer, answer);
      break;
    default:
      write_chat(writer, answer, endpoint != Endpoint::completions);
      break;
  }
  HEADRACE_CHECK(writer.fits(), "the event is of bounded size");
  return writer.size();
}

}  // namespace headrace::policy
