// Gemini: generateContent and its stream, countTokens, embeddings, models.
#include <algorithm>
#include <array>

#include "tools/mock/answer.h"
#include "tools/mock/put.h"

namespace headrace::tools::mock {
namespace {

// `text_tokens`: candidates' tokens so far; on a stream the figures grow from chunk to chunk.
void put_usage(std::string& out, const AnswerPlan& plan, std::uint64_t text_tokens) {
  const TokenUsage& usage = plan.usage;
  put(out, R"({"promptTokenCount":)", usage.prompt, R"(,"candidatesTokenCount":)", text_tokens,
      R"(,"totalTokenCount":)", usage.prompt + text_tokens + usage.reasoning);
  if (usage.cache_read > 0) put(out, R"(,"cachedContentTokenCount":)", usage.cache_read);
  put(out, R"(,"promptTokensDetails":[{"modality":"TEXT","tokenCount":)", usage.prompt, "}]");
  if (usage.reasoning > 0) put(out, R"(,"thoughtsTokenCount":)", usage.reasoning);
  put(out, '}');
}

void put_function_call(std::string& out, const AnswerPlan& plan) {
  put(out, R"({"functionCall":{"name":")", Escaped{plan.tool_name}, R"(","args":)",
      plan.cut ? std::string_view("{}") : std::string_view(plan.tool_arguments), "}}");
}

std::string_view finish_reason(const AnswerPlan& plan) {
  return plan.cut ? "MAX_TOKENS" : "STOP";
}

void end_response(std::string& out, const AnswerPlan& plan, std::uint64_t text_tokens) {
  if (plan.usage_told) {
    put(out, R"(,"usageMetadata":)");
    put_usage(out, plan, text_tokens);
  }
  put(out, R"(,"modelVersion":")", Escaped{plan.model}, R"(","responseId":")", Hex{plan.id}, "\"}");
}

void put_response(std::string& out, const AnswerPlan& plan) {
  put(out, R"({"candidates":[)");
  for (std::uint32_t choice = 0; choice < plan.choices; ++choice) {
    put(out, choice == 0 ? "" : ",", R"({"content":{"parts":[)");
    if (plan.tool_call) {
      put_function_call(out, plan);
    } else {
      put(out, R"({"text":")");
      put_text(out, plan, 0, plan.text.token_count());
      put(out, "\"}");
    }
    put(out, R"(],"role":"model"},"finishReason":")", finish_reason(plan), R"(","index":)", choice,
        '}');
  }
  put(out, ']');
  end_response(out, plan, plan.usage.text);
}

// All tokens of a function call come in one part, as Gemini sends them.
std::uint64_t chunk_count(const AnswerPlan& plan) {
  return plan.tool_call ? 1 : std::max<std::uint64_t>(plan.steps(), 1);
}

std::uint64_t chunk_tokens(const AnswerPlan& plan, std::uint64_t step) {
  if (plan.tool_call) return plan.tool_piece_ends.size();
  const std::uint64_t first = step * plan.tokens_per_event;
  return std::min<std::uint64_t>(plan.tokens_per_event, plan.text.token_count() - first);
}

void put_chunk(std::string& out, const AnswerPlan& plan, AnswerCursor& cursor) {
  const bool last = cursor.step + 1 == chunk_count(plan);
  put(out, R"({"candidates":[{"content":{"parts":[)");
  if (plan.tool_call) {
    put_function_call(out, plan);
  } else {
    put(out, R"({"text":")");
    put_text(out, plan, cursor.step * plan.tokens_per_event, plan.tokens_per_event);
    put(out, "\"}");
  }
  put(out, R"(],"role":"model"})");
  if (last) put(out, R"(,"finishReason":")", finish_reason(plan), '"');
  put(out, R"(,"index":)", cursor.choice, "}]");
  cursor.output_tokens += chunk_tokens(plan, cursor.step);
  end_response(out, plan, cursor.output_tokens);
}

void put_embedding(std::string& out, const AnswerPlan& plan, std::uint32_t input) {
  put(out, R"({"values":[)");
  for (std::uint32_t i = 0; i < plan.dimensions; ++i) {
    std::array<char, 32> digits{};
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), embedding_value(plan, input, i))
            .ptr;
    put(out, i == 0 ? "" : ",", std::string_view(digits.data(), end));
  }
  put(out, "]}");
}

void put_batch(std::string& out, const AnswerPlan& plan) {
  put(out, R"({"embeddings":[)");
  for (std::uint32_t input = 0; input < plan.inputs; ++input) {
    put(out, input == 0 ? "" : ",");
    put_embedding(out, plan, input);
  }
  put(out, "]}");
}

void put_model(std::string& out, std::string_view model) {
  put(out, R"({"name":"models/)", Escaped{model}, R"(","version":"001","displayName":")",
      Escaped{model}, R"(","description":"headrace-mock","inputTokenLimit":1048576,)",
      R"("outputTokenLimit":65536,"supportedGenerationMethods":)",
      R"(["generateContent","countTokens","embedContent"]})");
}

void put_models(std::string& out, const Provider& provider) {
  put(out, R"({"models":[)");
  for (std::size_t i = 0; i < provider.models.size(); ++i) {
    put(out, i == 0 ? "" : ",");
    put_model(out, provider.models[i]);
  }
  put(out, "]}");
}

}  // namespace

void put_gemini_answer(std::string& out, const Provider& provider, const AnswerPlan& plan) {
  switch (plan.endpoint) {
    case Endpoint::gemini_count_tokens:
      put(out, R"({"totalTokens":)", plan.usage.prompt,
          R"(,"promptTokensDetails":[{"modality":"TEXT","tokenCount":)", plan.usage.prompt, "}]}");
      break;
    case Endpoint::gemini_embed:
      put(out, R"({"embedding":)");
      put_embedding(out, plan, 0);
      put(out, '}');
      break;
    case Endpoint::gemini_batch_embed:
      put_batch(out, plan);
      break;
    case Endpoint::gemini_models:
      put_models(out, provider);
      break;
    case Endpoint::gemini_model:
      put_model(out, plan.model);
      break;
    default:
      put_response(out, plan);
      break;
  }
}

// As events, or as the pieces of one JSON array; there is no end marker but the array's bracket.
EventKind put_gemini_event(std::string& out, const AnswerPlan& plan, AnswerCursor& cursor) {
  const std::uint64_t chunks = chunk_count(plan);
  if (cursor.step == chunks) {
    if (plan.sse || cursor.phase == 1) return EventKind::end;
    cursor.phase = 1;
    put(out, "]\n");
    return EventKind::frame;
  }
  if (plan.sse) {
    put(out, "data: ");
  } else {
    put(out, cursor.events == 0 ? "[" : ",\r\n");
  }
  put_chunk(out, plan, cursor);
  if (plan.sse) put(out, "\r\n\r\n");
  cursor.choice = (cursor.choice + 1) % plan.choices;
  if (cursor.choice != 0) return EventKind::frame;
  ++cursor.step;
  return EventKind::tokens;
}

}  // namespace headrace::tools::mock
