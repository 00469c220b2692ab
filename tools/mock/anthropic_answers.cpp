// Anthropic: messages, count_tokens, models.
#include <algorithm>

#include "tools/mock/answer.h"
#include "tools/mock/put.h"

namespace headrace::tools::mock {
namespace {

// What a stream says of its output before it has any: real providers begin with a small number.
constexpr std::uint64_t kOutputPlaceholder = 1;
constexpr std::string_view kThought = "The water level decides which gate to open.";
constexpr std::string_view kSignature =
    "EqQBCkYIBRgCIkCr2mFKd0ZtWm3XsVbR1q7Kd0ZtWm3XsVbR1q7Kd0ZtWm3XsVbR1GgxaZ0";

void put_input_usage(std::string& out, const TokenUsage& usage) {
  // input_tokens leaves out what was read from or written to the cache.
  put(out, R"("input_tokens":)", usage.prompt - usage.cache_read - usage.cache_write,
      R"(,"cache_creation_input_tokens":)", usage.cache_write, R"(,"cache_read_input_tokens":)",
      usage.cache_read);
}

void put_usage(std::string& out, const AnswerPlan& plan, std::uint64_t output_tokens) {
  const TokenUsage& usage = plan.usage;
  put(out, '{');
  put_input_usage(out, usage);
  put(out, R"(,"cache_creation":{"ephemeral_5m_input_tokens":)", usage.cache_write,
      R"(,"ephemeral_1h_input_tokens":0},"output_tokens":)", output_tokens,
      R"(,"service_tier":"standard","inference_geo":"not_available"})");
}

// Of message_delta: cumulative, and refreshed input counts.
void put_final_usage(std::string& out, const AnswerPlan& plan) {
  put(out, '{');
  put_input_usage(out, plan.usage);
  put(out, R"(,"output_tokens":)", plan.usage.text + plan.usage.reasoning);
  if (plan.usage.reasoning > 0) {
    put(out, R"(,"output_tokens_details":{"thinking_tokens":)", plan.usage.reasoning, '}');
  }
  put(out, '}');
}

std::string_view stop_reason(const AnswerPlan& plan) {
  return plan.cut ? "max_tokens" : plan.tool_call ? "tool_use" : "end_turn";
}

void put_message_start(std::string& out, const AnswerPlan& plan) {
  put(out, R"({"model":")", Escaped{plan.model}, R"(","id":"msg_)", Hex{plan.id},
      R"(","type":"message","role":"assistant","content":[)");
}

void put_message(std::string& out, const AnswerPlan& plan) {
  put_message_start(out, plan);
  if (plan.show_thinking) {
    put(out, R"({"type":"thinking","thinking":")", kThought, R"(","signature":")", kSignature,
        R"("},)");
  }
  if (plan.tool_call) {
    // Arguments that the output limit cut short are no JSON: the input stays empty then.
    put(out, R"({"type":"tool_use","id":"toolu_)", Hex{plan.id}, R"(","name":")",
        Escaped{plan.tool_name}, R"(","input":)",
        plan.cut ? std::string_view("{}") : std::string_view(plan.tool_arguments), '}');
  } else {
    put(out, R"({"type":"text","text":")");
    put_text(out, plan, 0, plan.text.token_count());
    put(out, "\"}");
  }
  put(out, R"(],"stop_reason":")", stop_reason(plan), R"(","stop_sequence":null)");
  if (plan.usage_told) {
    put(out, R"(,"usage":)");
    put_usage(out, plan, plan.usage.text + plan.usage.reasoning);
  }
  put(out, '}');
}

void put_model(std::string& out, std::string_view model) {
  put(out, R"({"type":"model","id":")", Escaped{model}, R"(","display_name":")", Escaped{model},
      R"(","created_at":"2025-01-01T00:00:00Z"})");
}

void put_models(std::string& out, const Provider& provider) {
  put(out, R"({"data":[)");
  for (std::size_t i = 0; i < provider.models.size(); ++i) {
    put(out, i == 0 ? "" : ",");
    put_model(out, provider.models[i]);
  }
  put(out, R"(],"has_more":false,"first_id":)");
  if (provider.models.empty()) {
    put(out, R"(null,"last_id":null})");
  } else {
    put(out, '"', Escaped{provider.models.front()}, R"(","last_id":")",
        Escaped{provider.models.back()}, "\"}");
  }
}

void open_event(std::string& out, std::string_view type) {
  put(out, "event: ", type, "\ndata: {\"type\":\"", type, '"');
}

std::uint32_t main_block(const AnswerPlan& plan) {
  return plan.show_thinking ? 1 : 0;
}

void put_block_start(std::string& out, const AnswerPlan& plan) {
  open_event(out, "content_block_start");
  put(out, R"(,"index":)", main_block(plan), R"(,"content_block":)");
  if (plan.tool_call) {
    put(out, R"({"type":"tool_use","id":"toolu_)", Hex{plan.id}, R"(","name":")",
        Escaped{plan.tool_name}, R"(","input":{}}})");
  } else {
    put(out, R"({"type":"text","text":""}})");
  }
  put(out, "\n\n");
}

void put_block_delta(std::string& out, const AnswerPlan& plan, const AnswerCursor& cursor) {
  open_event(out, "content_block_delta");
  put(out, R"(,"index":)", main_block(plan), R"(,"delta":)");
  if (plan.tool_call) {
    put(out, R"({"type":"input_json_delta","partial_json":")",
        Escaped{plan.tool_piece(cursor.step)});
  } else {
    put(out, R"({"type":"text_delta","text":")");
    put_text(out, plan, cursor.step * plan.tokens_per_event, plan.tokens_per_event);
  }
  put(out, "\"}}\n\n");
}

// The thinking block is always the first one: start, thought, signature, stop.
void put_thinking_event(std::string& out, std::uint64_t step) {
  switch (step) {
    case 0:
      open_event(out, "content_block_start");
      put(out, R"(,"index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})");
      break;
    case 1:
      open_event(out, "content_block_delta");
      put(out, R"(,"index":0,"delta":{"type":"thinking_delta","thinking":")", kThought, "\"}}");
      break;
    case 2:
      open_event(out, "content_block_delta");
      put(out, R"(,"index":0,"delta":{"type":"signature_delta","signature":")", kSignature, "\"}}");
      break;
    default:
      open_event(out, "content_block_stop");
      put(out, R"(,"index":0})");
      break;
  }
  put(out, "\n\n");
}
constexpr std::uint64_t kThinkingSteps = 4;

void put_stream_start(std::string& out, const AnswerPlan& plan) {
  open_event(out, "message_start");
  put(out, R"(,"message":)");
  put_message_start(out, plan);
  put(out, R"(],"stop_reason":null,"stop_sequence":null)");
  if (plan.usage_told) {
    put(out, R"(,"usage":)");
    put_usage(out, plan, kOutputPlaceholder);
  }
  put(out, "}}\n\n");
}

void put_message_delta(std::string& out, const AnswerPlan& plan) {
  open_event(out, "message_delta");
  put(out, R"(,"delta":{"stop_reason":")", stop_reason(plan), R"(","stop_sequence":null})");
  if (plan.usage_told) {
    put(out, R"(,"usage":)");
    put_final_usage(out, plan);
  }
  put(out, "}\n\n");
}

}  // namespace

void put_anthropic_answer(std::string& out, const Provider& provider, const AnswerPlan& plan) {
  switch (plan.endpoint) {
    case Endpoint::anthropic_count_tokens:
      put(out, R"({"input_tokens":)", plan.usage.prompt, '}');
      break;
    case Endpoint::anthropic_models:
      put_models(out, provider);
      break;
    case Endpoint::anthropic_model:
      put_model(out, plan.model);
      break;
    default:
      put_message(out, plan);
      break;
  }
}

EventKind put_anthropic_event(std::string& out, const AnswerPlan& plan, AnswerCursor& cursor) {
  enum : std::uint32_t { start, ping, thinking, block_start, tokens, block_stop, delta, stop, end };
  if (cursor.phase == thinking && (!plan.show_thinking || cursor.step == kThinkingSteps)) {
    cursor.phase = block_start;
    cursor.step = 0;
  }
  if (cursor.phase == tokens && cursor.step == plan.steps()) cursor.phase = block_stop;
  switch (cursor.phase) {
    case start:
      put_stream_start(out, plan);
      break;
    case ping:
      open_event(out, "ping");
      put(out, "}\n\n");
      break;
    case thinking:
      put_thinking_event(out, cursor.step++);
      return EventKind::frame;
    case block_start:
      put_block_start(out, plan);
      break;
    case tokens:
      put_block_delta(out, plan, cursor);
      cursor.output_tokens +=
          plan.tool_call ? 1
                         : std::min<std::uint64_t>(
                               plan.tokens_per_event,
                               plan.text.token_count() - cursor.step * plan.tokens_per_event);
      ++cursor.step;
      return EventKind::tokens;
    case block_stop:
      open_event(out, "content_block_stop");
      put(out, R"(,"index":)", main_block(plan), "}\n\n");
      break;
    case delta:
      put_message_delta(out, plan);
      break;
    case stop:
      open_event(out, "message_stop");
      put(out, "}\n\n");
      break;
    default:
      return EventKind::end;
  }
  ++cursor.phase;
  return EventKind::frame;
}

}  // namespace headrace::tools::mock
