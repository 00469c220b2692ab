// OpenAI: the Responses endpoint and its count of input tokens.
#include <algorithm>

#include "tools/mock/answer.h"
#include "tools/mock/put.h"

namespace headrace::tools::mock {
namespace {

enum class Stage : std::uint8_t { running, finished };

void put_usage(std::string& out, const AnswerPlan& plan) {
  const TokenUsage& usage = plan.usage;
  const std::uint64_t output = usage.text + usage.reasoning;
  put(out, R"({"input_tokens":)", usage.prompt, R"(,"input_tokens_details":{"cached_tokens":)",
      usage.cache_read);
  if (usage.cache_write > 0) put(out, R"(,"cache_write_tokens":)", usage.cache_write);
  put(out, R"(},"output_tokens":)", output, R"(,"output_tokens_details":{"reasoning_tokens":)",
      usage.reasoning, R"(},"total_tokens":)", usage.prompt + output, '}');
}

std::string_view final_status(const AnswerPlan& plan) {
  return plan.cut ? "incomplete" : "completed";
}

void put_reasoning_item(std::string& out, const AnswerPlan& plan) {
  put(out, R"({"id":"rs_)", Hex{plan.id}, R"(","type":"reasoning","summary":[]})");
}

void put_text_part(std::string& out, const AnswerPlan& plan, Stage stage) {
  put(out, R"({"type":"output_text","annotations":[],"logprobs":[],"text":")");
  if (stage == Stage::finished) put_text(out, plan, 0, plan.text.token_count());
  put(out, "\"}");
}

// The message or the function call.
void put_main_item(std::string& out, const AnswerPlan& plan, Stage stage) {
  const std::string_view status = stage == Stage::finished ? final_status(plan) : "in_progress";
  if (plan.tool_call) {
    put(out, R"({"id":"fc_)", Hex{plan.id}, R"(","type":"function_call","status":")", status,
        R"(","arguments":")");
    if (stage == Stage::finished) put(out, Escaped{plan.tool_arguments});
    put(out, R"(","call_id":"call_)", Hex{plan.id}, R"(","name":")", Escaped{plan.tool_name},
        "\"}");
    return;
  }
  put(out, R"({"id":"msg_)", Hex{plan.id}, R"(","type":"message","status":")", status,
      R"(","content":[)");
  if (stage == Stage::finished) put_text_part(out, plan, stage);
  put(out, R"(],"role":"assistant"})");
}

void put_response(std::string& out, const AnswerPlan& plan, Stage stage) {
  const bool finished = stage == Stage::finished;
  put(out, R"({"id":"resp_)", Hex{plan.id}, R"(","object":"response","created_at":)",
      plan.created_unix_seconds, R"(,"status":")", finished ? final_status(plan) : "in_progress",
      R"(","background":false,"error":null,"incomplete_details":)",
      finished && plan.cut ? R"({"reason":"max_output_tokens"})" : "null",
      R"(,"instructions":null,"max_output_tokens":null,"max_tool_calls":null,"model":")",
      Escaped{plan.model}, R"(","output":[)");
  if (finished) {
    if (plan.reasoning_tokens > 0) {
      put_reasoning_item(out, plan);
      put(out, ',');
    }
    put_main_item(out, plan, stage);
  }
  put(out, R"(],"parallel_tool_calls":true,"previous_response_id":null,"prompt_cache_key":null,)",
      R"("reasoning":{"effort":null,"summary":null},"safety_identifier":null,)",
      R"("service_tier":"default","store":false,"temperature":1.0,)",
      R"("text":{"format":{"type":"text"},"verbosity":"medium"},"tool_choice":"auto","tools":[],)",
      R"("top_logprobs":0,"top_p":1.0,"truncation":"disabled","usage":)");
  if (finished && plan.usage_told) {
    put_usage(out, plan);
  } else {
    put(out, "null");
  }
  put(out, R"(,"user":null,"metadata":{}})");
}

// Opens an event; every one of them has a type and a number.
void open_event(std::string& out, const AnswerCursor& cursor, std::string_view type) {
  put(out, "event: ", type, "\ndata: {\"type\":\"", type, R"(","sequence_number":)", cursor.events);
}

void put_response_event(std::string& out, const AnswerPlan& plan, const AnswerCursor& cursor,
                        std::string_view type, Stage stage) {
  open_event(out, cursor, type);
  put(out, R"(,"response":)");
  put_response(out, plan, stage);
  put(out, "}\n\n");
}

// Names the item (and its part) that an event is about.
void put_item_reference(std::string& out, const AnswerPlan& plan) {
  put(out, R"(,"item_id":")", plan.tool_call ? "fc_" : "msg_", Hex{plan.id}, R"(","output_index":)",
      plan.reasoning_tokens > 0 ? 1 : 0);
  if (!plan.tool_call) put(out, R"(,"content_index":0)");
}

void put_item_event(std::string& out, const AnswerPlan& plan, const AnswerCursor& cursor,
                    Stage stage) {
  open_event(out, cursor,
             stage == Stage::finished ? "response.output_item.done" : "response.output_item.added");
  put(out, R"(,"output_index":)", plan.reasoning_tokens > 0 ? 1 : 0, R"(,"item":)");
  put_main_item(out, plan, stage);
  put(out, "}\n\n");
}

void put_part_event(std::string& out, const AnswerPlan& plan, const AnswerCursor& cursor,
                    Stage stage) {
  open_event(
      out, cursor,
      stage == Stage::finished ? "response.content_part.done" : "response.content_part.added");
  put_item_reference(out, plan);
  put(out, R"(,"part":)");
  put_text_part(out, plan, stage);
  put(out, "}\n\n");
}

void put_delta_event(std::string& out, const AnswerPlan& plan, const AnswerCursor& cursor) {
  open_event(
      out, cursor,
      plan.tool_call ? "response.function_call_arguments.delta" : "response.output_text.delta");
  put_item_reference(out, plan);
  put(out, R"(,"delta":")");
  if (plan.tool_call) {
    put(out, Escaped{plan.tool_piece(cursor.step)}, '"');
  } else {
    put_text(out, plan, cursor.step * plan.tokens_per_event, plan.tokens_per_event);
    put(out, R"(","logprobs":[])");
  }
  if (plan.include_obfuscation) put(out, R"(,"obfuscation":"q7Kd0ZtW")");
  put(out, "}\n\n");
}

void put_text_done_event(std::string& out, const AnswerPlan& plan, const AnswerCursor& cursor) {
  open_event(
      out, cursor,
      plan.tool_call ? "response.function_call_arguments.done" : "response.output_text.done");
  put_item_reference(out, plan);
  if (plan.tool_call) {
    put(out, R"(,"name":")", Escaped{plan.tool_name}, R"(","arguments":")",
        Escaped{plan.tool_arguments}, "\"}\n\n");
    return;
  }
  put(out, R"(,"text":")");
  put_text(out, plan, 0, plan.text.token_count());
  put(out, R"(","logprobs":[]})", "\n\n");
}

}  // namespace

void put_responses_answer(std::string& out, const AnswerPlan& plan) {
  if (plan.endpoint == Endpoint::openai_response_input_tokens) {
    put(out, R"({"object":"response.input_tokens","input_tokens":)", plan.usage.prompt, '}');
  } else {
    put_response(out, plan, Stage::finished);
  }
}

EventKind put_responses_event(std::string& out, const AnswerPlan& plan, AnswerCursor& cursor) {
  enum : std::uint32_t {
    created,
    in_progress,
    reasoning_added,
    reasoning_done,
    item_added,
    part_added,
    tokens,
    text_done,
    part_done,
    item_done,
    completed,
    end
  };
  if (cursor.phase == reasoning_added && plan.reasoning_tokens == 0) cursor.phase = item_added;
  if (cursor.phase == part_added && plan.tool_call) cursor.phase = tokens;
  if (cursor.phase == tokens && cursor.step == plan.steps()) cursor.phase = text_done;
  if (cursor.phase == part_done && plan.tool_call) cursor.phase = item_done;
  switch (cursor.phase) {
    case created:
      put_response_event(out, plan, cursor, "response.created", Stage::running);
      break;
    case in_progress:
      put_response_event(out, plan, cursor, "response.in_progress", Stage::running);
      break;
    case reasoning_added:
    case reasoning_done:
      open_event(out, cursor,
                 cursor.phase == reasoning_added ? "response.output_item.added"
                                                 : "response.output_item.done");
      put(out, R"(,"output_index":0,"item":)");
      put_reasoning_item(out, plan);
      put(out, "}\n\n");
      break;
    case item_added:
      put_item_event(out, plan, cursor, Stage::running);
      break;
    case part_added:
      put_part_event(out, plan, cursor, Stage::running);
      break;
    case tokens:
      put_delta_event(out, plan, cursor);
      cursor.output_tokens +=
          plan.tool_call ? 1
                         : std::min<std::uint64_t>(
                               plan.tokens_per_event,
                               plan.text.token_count() - cursor.step * plan.tokens_per_event);
      ++cursor.step;
      return EventKind::tokens;
    case text_done:
      put_text_done_event(out, plan, cursor);
      break;
    case part_done:
      put_part_event(out, plan, cursor, Stage::finished);
      break;
    case item_done:
      put_item_event(out, plan, cursor, Stage::finished);
      break;
    case completed:
      put_response_event(out, plan, cursor, plan.cut ? "response.incomplete" : "response.completed",
                         Stage::finished);
      break;
    default:
      return EventKind::end;
  }
  ++cursor.phase;
  return EventKind::frame;
}

}  // namespace headrace::tools::mock
