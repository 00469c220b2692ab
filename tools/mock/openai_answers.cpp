// OpenAI: chat completions, legacy completions, embeddings, moderations, models.
#include <algorithm>
#include <array>
#include <bit>

#include "tools/mock/answer.h"
#include "tools/mock/base64.h"
#include "tools/mock/put.h"

namespace headrace::tools::mock {
namespace {

constexpr std::string_view kDone = "data: [DONE]\n\n";

void put_usage(std::string& out, const AnswerPlan& plan) {
  const TokenUsage& usage = plan.usage;
  const std::uint64_t output = usage.text + usage.reasoning;
  put(out, R"({"prompt_tokens":)", usage.prompt, R"(,"completion_tokens":)", output,
      R"(,"total_tokens":)", usage.prompt + output, R"(,"prompt_tokens_details":{"cached_tokens":)",
      usage.cache_read);
  if (usage.cache_write > 0) put(out, R"(,"cache_write_tokens":)", usage.cache_write);
  put(out, R"(,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":)",
      usage.reasoning,
      R"(,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}})");
}

std::string_view finish_reason(const AnswerPlan& plan) {
  return plan.cut ? "length" : plan.tool_call ? "tool_calls" : "stop";
}

// --- chat completions ---------------------------------------------------------------------------

void put_chat_message(std::string& out, const AnswerPlan& plan, std::uint32_t choice) {
  put(out, R"({"role":"assistant","content":)");
  if (plan.tool_call) {
    put(out, R"(null,"refusal":null,"annotations":[],"tool_calls":[{"id":"call_)",
        Hex{plan.id + choice}, R"(","type":"function","function":{"name":")",
        Escaped{plan.tool_name}, R"(","arguments":")", Escaped{plan.tool_arguments}, R"("}}]})");
  } else {
    put(out, '"');
    put_text(out, plan, 0, plan.text.token_count());
    put(out, R"(","refusal":null,"annotations":[]})");
  }
}

void put_chat(std::string& out, const AnswerPlan& plan) {
  put(out, R"({"id":"chatcmpl-)", Hex{plan.id}, R"(","object":"chat.completion","created":)",
      plan.created_unix_seconds, R"(,"model":")", Escaped{plan.model}, R"(","choices":[)");
  for (std::uint32_t choice = 0; choice < plan.choices; ++choice) {
    put(out, choice == 0 ? "" : ",", R"({"index":)", choice, R"(,"message":)");
    put_chat_message(out, plan, choice);
    put(out, R"(,"logprobs":null,"finish_reason":")", finish_reason(plan), "\"}");
  }
  put(out, ']');
  if (plan.usage_told) {
    put(out, R"(,"usage":)");
    put_usage(out, plan);
  }
  put(out, R"(,"service_tier":"default","system_fingerprint":"fp_5eed5eed5e"})");
}

void put_chat_envelope(AnswerCursor& cursor, const AnswerPlan& plan) {
  put(cursor.envelope, R"(data: {"id":"chatcmpl-)", Hex{plan.id},
      R"(","object":"chat.completion.chunk","created":)", plan.created_unix_seconds,
      R"(,"model":")", Escaped{plan.model},
      R"(","service_tier":"default","system_fingerprint":"fp_5eed5eed5e","choices":[)");
}

// What follows the choices of a chunk. The padding hides how long the text was.
void end_chat_chunk(std::string& out, const AnswerPlan& plan, std::size_t hidden_bytes) {
  constexpr std::string_view kPadding = "q7Kd0ZtWm3XsVbR1";
  put(out, ']');
  if (plan.include_usage) put(out, R"(,"usage":null)");
  if (plan.include_obfuscation) {
    put(out, R"(,"obfuscation":")", kPadding.substr(hidden_bytes % kPadding.size()), '"');
  }
  put(out, "}\n\n");
}

void put_chat_delta(std::string& out, const AnswerPlan& plan, AnswerCursor& cursor) {
  put(out, cursor.envelope, R"({"index":)", cursor.choice, R"(,"delta":{)");
  const std::size_t start = out.size();
  if (plan.tool_call) {
    put(out, R"("tool_calls":[{"index":0,"function":{"arguments":")",
        Escaped{plan.tool_piece(cursor.step)}, R"("}}])");
  } else {
    put(out, R"("content":")");
    put_text(out, plan, cursor.step * plan.tokens_per_event, plan.tokens_per_event);
    put(out, '"');
  }
  const std::size_t bytes = out.size() - start;
  put(out, R"(},"logprobs":null,"finish_reason":null})");
  end_chat_chunk(out, plan, bytes);
}

void put_chat_start(std::string& out, const AnswerPlan& plan, const AnswerCursor& cursor) {
  put(out, cursor.envelope, R"({"index":)", cursor.choice,
      R"(,"delta":{"role":"assistant","content":)");
  if (plan.tool_call) {
    put(out, R"(null,"tool_calls":[{"index":0,"id":"call_)", Hex{plan.id + cursor.choice},
        R"(","type":"function","function":{"name":")", Escaped{plan.tool_name},
        R"(","arguments":""}}]})");
  } else {
    put(out, R"("","refusal":null})");
  }
  put(out, R"(,"logprobs":null,"finish_reason":null})");
  end_chat_chunk(out, plan, 0);
}

// Chunks of a stream with several choices take turns: 0, 1, 0, 1 ... Returns whether the round of
// choices is over.
bool next_choice(const AnswerPlan& plan, AnswerCursor& cursor) {
  cursor.choice = (cursor.choice + 1) % plan.choices;
  return cursor.choice == 0;
}

std::uint64_t tokens_of_step(const AnswerPlan& plan, std::uint64_t step) {
  if (plan.tool_call) return 1;
  return std::min<std::uint64_t>(plan.tokens_per_event,
                                 plan.text.token_count() - step * plan.tokens_per_event);
}

// --- legacy completions -------------------------------------------------------------------------

void put_completions(std::string& out, const AnswerPlan& plan) {
  put(out, R"({"id":"cmpl-)", Hex{plan.id}, R"(","object":"text_completion","created":)",
      plan.created_unix_seconds, R"(,"model":")", Escaped{plan.model}, R"(","choices":[)");
  for (std::uint32_t choice = 0; choice < plan.choices; ++choice) {
    put(out, choice == 0 ? "" : ",", R"({"text":")");
    put_text(out, plan, 0, plan.text.token_count());
    put(out, R"(","index":)", choice, R"(,"logprobs":null,"finish_reason":")", finish_reason(plan),
        "\"}");
  }
  put(out, ']');
  if (plan.usage_told) {
    put(out, R"(,"usage":)");
    put_usage(out, plan);
  }
  put(out, '}');
}

void put_completions_chunk(std::string& out, const AnswerPlan& plan, const AnswerCursor& cursor,
                           bool last) {
  put(out, cursor.envelope, R"({"text":")");
  if (!last) put_text(out, plan, cursor.step * plan.tokens_per_event, plan.tokens_per_event);
  put(out, R"(","index":)", cursor.choice, R"(,"logprobs":null,"finish_reason":)");
  if (last) {
    put(out, '"', finish_reason(plan), '"');
  } else {
    put(out, "null");
  }
  put(out, plan.include_usage ? R"(}],"usage":null})" : "}]}", "\n\n");
}

// --- the rest -----------------------------------------------------------------------------------

void put_embedding(std::string& out, const AnswerPlan& plan, std::uint32_t input) {
  if (plan.base64) {  // little-endian 32-bit floats
    std::string bytes;
    bytes.reserve(plan.dimensions * sizeof(float));
    for (std::uint32_t i = 0; i < plan.dimensions; ++i) {
      const auto bits = std::bit_cast<std::uint32_t>(embedding_value(plan, input, i));
      for (unsigned shift = 0; shift < 32; shift += 8) {
        bytes.push_back(static_cast<char>((bits >> shift) & 0xffU));
      }
    }
    put(out, '"');
    put_base64(out, bytes);
    put(out, '"');
    return;
  }
  put(out, '[');
  for (std::uint32_t i = 0; i < plan.dimensions; ++i) {
    std::array<char, 32> digits{};
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), embedding_value(plan, input, i))
            .ptr;
    put(out, i == 0 ? "" : ",", std::string_view(digits.data(), end));
  }
  put(out, ']');
}

void put_embeddings(std::string& out, const AnswerPlan& plan) {
  put(out, R"({"object":"list","data":[)");
  for (std::uint32_t input = 0; input < plan.inputs; ++input) {
    put(out, input == 0 ? "" : ",", R"({"object":"embedding","index":)", input, R"(,"embedding":)");
    put_embedding(out, plan, input);
    put(out, '}');
  }
  put(out, R"(],"model":")", Escaped{plan.model}, '"');
  if (plan.usage_told) {
    put(out, R"(,"usage":{"prompt_tokens":)", plan.usage.prompt, R"(,"total_tokens":)",
        plan.usage.prompt, '}');
  }
  put(out, '}');
}

constexpr std::array<std::string_view, 13> kCategories{"harassment",
                                                       "harassment/threatening",
                                                       "sexual",
                                                       "sexual/minors",
                                                       "hate",
                                                       "hate/threatening",
                                                       "illicit",
                                                       "illicit/violent",
                                                       "self-harm",
                                                       "self-harm/intent",
                                                       "self-harm/instructions",
                                                       "violence",
                                                       "violence/graphic"};

void put_moderations(std::string& out, const AnswerPlan& plan) {
  const auto put_each = [&out](std::string_view name, auto value, std::string_view close) {
    put(out, '"', name, "\":{");
    for (std::size_t i = 0; i < kCategories.size(); ++i) {
      put(out, i == 0 ? "\"" : ",\"", kCategories[i], "\":");
      value();
    }
    put(out, '}', close);
  };
  put(out, R"({"id":"modr-)", Hex{plan.id}, R"(","model":")", Escaped{plan.model},
      R"(","results":[)");
  for (std::uint32_t input = 0; input < plan.inputs; ++input) {
    put(out, input == 0 ? "" : ",", R"({"flagged":false,)");
    put_each("categories", [&out] { put(out, false); }, ",");
    put_each("category_scores", [&out] { put(out, "0.0001"); }, ",");
    put_each("category_applied_input_types", [&out] { put(out, R"(["text"])"); }, "}");
  }
  put(out, "]}");
}

void put_model(std::string& out, std::string_view model) {
  put(out, R"({"id":")", Escaped{model},
      R"(","object":"model","created":1735689600,"owned_by":"headrace-mock"})");
}

void put_models(std::string& out, const Provider& provider) {
  put(out, R"({"object":"list","data":[)");
  for (std::size_t i = 0; i < provider.models.size(); ++i) {
    put(out, i == 0 ? "" : ",");
    put_model(out, provider.models[i]);
  }
  put(out, "]}");
}

}  // namespace

void put_openai_answer(std::string& out, const Provider& provider, const AnswerPlan& plan) {
  switch (plan.endpoint) {
    case Endpoint::openai_chat:
      return put_chat(out, plan);
    case Endpoint::openai_completions:
      return put_completions(out, plan);
    case Endpoint::openai_embeddings:
      return put_embeddings(out, plan);
    case Endpoint::openai_moderations:
      return put_moderations(out, plan);
    case Endpoint::openai_models:
      return put_models(out, provider);
    case Endpoint::openai_model:
      return put_model(out, plan.model);
    default:
      return put_responses_answer(out, plan);
  }
}

// start of each choice, tokens, finish of each choice, usage, [DONE]
EventKind put_openai_chat_event(std::string& out, const AnswerPlan& plan, AnswerCursor& cursor) {
  enum : std::uint32_t { start, tokens, finish, usage, done, end };
  if (cursor.envelope.empty()) put_chat_envelope(cursor, plan);
  if (cursor.phase == tokens && cursor.step == plan.steps()) cursor.phase = finish;
  if (cursor.phase == usage && !(plan.include_usage && plan.usage_told)) cursor.phase = done;
  switch (cursor.phase) {
    case start:
      put_chat_start(out, plan, cursor);
      if (next_choice(plan, cursor)) cursor.phase = tokens;
      return EventKind::frame;
    case tokens:
      put_chat_delta(out, plan, cursor);
      cursor.output_tokens += tokens_of_step(plan, cursor.step);
      if (!next_choice(plan, cursor)) return EventKind::frame;
      ++cursor.step;
      return EventKind::tokens;
    case finish:
      put(out, cursor.envelope, R"({"index":)", cursor.choice,
          R"(,"delta":{},"logprobs":null,"finish_reason":")", finish_reason(plan), "\"}");
      end_chat_chunk(out, plan, 0);
      if (next_choice(plan, cursor)) cursor.phase = usage;
      return EventKind::frame;
    case usage:
      put(out, cursor.envelope, R"(],"usage":)");
      put_usage(out, plan);
      put(out, "}\n\n");
      cursor.phase = done;
      return EventKind::frame;
    case done:
      put(out, kDone);
      cursor.phase = end;
      return EventKind::frame;
    default:
      return EventKind::end;
  }
}

EventKind put_openai_completions_event(std::string& out, const AnswerPlan& plan,
                                       AnswerCursor& cursor) {
  enum : std::uint32_t { tokens, finish, usage, done, end };
  if (cursor.envelope.empty()) {
    put(cursor.envelope, R"(data: {"id":"cmpl-)", Hex{plan.id},
        R"(","object":"text_completion","created":)", plan.created_unix_seconds, R"(,"model":")",
        Escaped{plan.model}, R"(","choices":[)");
  }
  if (cursor.phase == tokens && cursor.step == plan.steps()) cursor.phase = finish;
  if (cursor.phase == usage && !(plan.include_usage && plan.usage_told)) cursor.phase = done;
  switch (cursor.phase) {
    case tokens:
      put_completions_chunk(out, plan, cursor, false);
      cursor.output_tokens += tokens_of_step(plan, cursor.step);
      if (!next_choice(plan, cursor)) return EventKind::frame;
      ++cursor.step;
      return EventKind::tokens;
    case finish:
      put_completions_chunk(out, plan, cursor, true);
      if (next_choice(plan, cursor)) cursor.phase = usage;
      return EventKind::frame;
    case usage:
      put(out, cursor.envelope, R"(],"usage":)");
      put_usage(out, plan);
      put(out, "}\n\n");
      cursor.phase = done;
      return EventKind::frame;
    case done:
      put(out, kDone);
      cursor.phase = end;
      return EventKind::frame;
    default:
      return EventKind::end;
  }
}

}  // namespace headrace::tools::mock
