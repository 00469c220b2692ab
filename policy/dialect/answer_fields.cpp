#include "policy/dialect/answer_fields.h"

#include <algorithm>
#include <array>

namespace headrace::policy {
namespace {

struct Rule {
  consteval Rule(AnswerField in, std::string_view name, AnswerField is)
      : parent(in), key(name), field(is) {}
  consteval Rule(AnswerField in, std::string_view name, RawField is)
      : parent(in), key(name), field(count_field(is)) {}
  AnswerField parent;
  std::string_view key;
  AnswerField field;
};

// Only these containers say something by being there, or by ending.
constexpr bool stops_at(AnswerField field) {
  switch (field) {
    case AnswerField::usage:
    case AnswerField::choices:
    case AnswerField::choice:
    case AnswerField::error:
    case AnswerField::input_details:
    case AnswerField::cached_details:
    case AnswerField::output_details:
      return true;
    default:
      return false;
  }
}

constexpr JsonRule plain(const Rule& rule) {
  return {static_cast<JsonField>(rule.parent), rule.key, static_cast<JsonField>(rule.field),
          stops_at(rule.field) ? JsonContainer::stop : JsonContainer::pass};
}

template <std::size_t kCount>
consteval JsonFields table(const Rule (&rules)[kCount]) {
  std::array<JsonRule, kCount> all{};
  std::ranges::transform(rules, all.begin(), plain);
  return JsonFields(all, JsonContainer::pass);
}

template <std::size_t kCount, std::size_t kMore>
consteval JsonFields table(const Rule (&rules)[kCount], const Rule (&more)[kMore]) {
  std::array<JsonRule, kCount + kMore> all{};
  std::ranges::transform(more, std::ranges::transform(rules, all.begin(), plain).out, plain);
  return JsonFields(all, JsonContainer::pass);
}

using enum AnswerField;
using Raw = RawField;

// Chat, completions, embeddings; whole answers and chunks. level1 is a delta, level2 its tool
// calls, level3 one of them, level4 its function.
constexpr Rule kChatRules[] = {
    {root, "usage", usage},
    {usage, "prompt_tokens", Raw::prompt_tokens},
    {usage, "completion_tokens", Raw::completion_tokens},
    {usage, "total_tokens", Raw::total_tokens},
    {usage, "prompt_tokens_details", usage_level1},
    {usage_level1, "cached_tokens", Raw::prompt_cached},
    {usage_level1, "cache_write_tokens", Raw::prompt_cache_write},
    {usage_level1, "audio_tokens", Raw::prompt_audio},
    {usage_level1, "image_tokens", Raw::prompt_image},
    {usage_level1, "text_tokens", Raw::prompt_text},
    {usage, "completion_tokens_details", usage_level2},
    {usage_level2, "reasoning_tokens", Raw::completion_reasoning},
    {usage_level2, "audio_tokens", Raw::completion_audio},
    {usage_level2, "image_tokens", Raw::completion_image},
    {usage_level2, "text_tokens", Raw::completion_text},
    {usage_level2, "accepted_prediction_tokens", Raw::accepted_prediction},
    {usage_level2, "rejected_prediction_tokens", Raw::rejected_prediction},
    {root, "service_tier", service_tier},
    {root, "error", error},
    {root, "obfuscation", padding},
    {root, "choices", choices},
    {choices, "", choice},
    {choice, "finish_reason", finish_reason},
    {choice, "text", output},
    {choice, "message", message},
    {message, "refusal", refusal},
    {choice, "delta", level1},
    {level1, "content", output},
    {level1, "refusal", refusal},
    {level1, "reasoning_content", output},
    {level1, "reasoning", output},
    {level1, "tool_calls", level2},
    {level2, "", level3},
    {level3, "function", level4},
    {level4, "name", output},
    {level4, "arguments", output},
    {level1, "function_call", level4},
};

// A whole answer, or an event; level1 is the answer inside an event, level2 incomplete_details,
// level3 the output, level4 a message of it.
constexpr Rule kResponsesRules[] = {
    {root, "type", event_type},
    {root, "sequence_number", sequence_number},
    {root, "delta", output},
    {root, "obfuscation", padding},
    {root, "response", level1},
    {root, "usage", usage},
    {level1, "usage", usage},
    {usage, "input_tokens", Raw::input_tokens},
    {usage, "output_tokens", Raw::output_tokens},
    {usage, "total_tokens", Raw::total_tokens},
    {usage, "input_tokens_details", usage_level1},
    {usage_level1, "cached_tokens", Raw::prompt_cached},
    {usage_level1, "cache_write_tokens", Raw::prompt_cache_write},
    {usage_level1, "audio_tokens", Raw::prompt_audio},
    {usage_level1, "image_tokens", Raw::prompt_image},
    {usage_level1, "text_tokens", Raw::prompt_text},
    {usage, "output_tokens_details", usage_level2},
    {usage_level2, "reasoning_tokens", Raw::completion_reasoning},
    {usage_level2, "audio_tokens", Raw::completion_audio},
    {usage_level2, "image_tokens", Raw::completion_image},
    {usage_level2, "text_tokens", Raw::completion_text},
    {root, "service_tier", service_tier},
    {level1, "service_tier", service_tier},
    {root, "status", finish_reason},
    {level1, "status", finish_reason},
    {root, "incomplete_details", level2},
    {level1, "incomplete_details", level2},
    {level2, "reason", finish_reason},
    {root, "output", level3},
    {level1, "output", level3},
    {level3, "", level4},
    {level4, "content", message},
    {message, "", parts},
    {parts, "type", part_type},
    {root, "error", error},
    {level1, "error", error},
};

// A whole answer, or an event; level1 is the message that an event opens with, level2 a delta.
constexpr Rule kMessagesRules[] = {
    {root, "type", event_type},
    {root, "index", sequence_number},
    {root, "usage", usage},
    {root, "message", level1},
    {level1, "usage", usage},
    {usage, "input_tokens", Raw::input_tokens},
    {usage, "output_tokens", Raw::output_tokens},
    {usage, "cache_creation_input_tokens", Raw::cache_creation_input},
    {usage, "cache_read_input_tokens", Raw::cache_read_input},
    {usage, "cache_creation", usage_level1},
    {usage_level1, "ephemeral_5m_input_tokens", Raw::cache_creation_5m},
    {usage_level1, "ephemeral_1h_input_tokens", Raw::cache_creation_1h},
    {usage, "output_tokens_details", usage_level2},
    {usage_level2, "thinking_tokens", Raw::thinking},
    {usage, "server_tool_use", usage_level3},
    {usage_level3, "web_search_requests", Raw::web_search_requests},
    {usage_level3, "web_fetch_requests", Raw::web_fetch_requests},
    {usage, "service_tier", service_tier},
    {root, "stop_reason", finish_reason},
    {root, "delta", level2},
    {level2, "stop_reason", finish_reason},
    {level2, "text", output},
    {level2, "partial_json", output},
    {level2, "thinking", output},
    {root, "error", error},
};

// A whole answer, an event, or the array of them that is streamed without alt=sse: an element of
// the outermost array is read as the outermost value itself.
constexpr Rule kGeminiRules[] = {
    {root, "", root},
    {root, "usageMetadata", usage},
    {usage, "promptTokenCount", Raw::prompt_token_count},
    {usage, "cachedContentTokenCount", Raw::cached_content_token_count},
    {usage, "candidatesTokenCount", Raw::candidates_token_count},
    {usage, "thoughtsTokenCount", Raw::thoughts_token_count},
    {usage, "toolUsePromptTokenCount", Raw::tool_use_prompt_token_count},
    {usage, "totalTokenCount", Raw::total_token_count},
    {usage, "trafficType", service_tier},
    {usage, "promptTokensDetails", usage_level1},
    {usage_level1, "", input_details},
    {input_details, "modality", modality},
    {input_details, "tokenCount", modality_count},
    {usage, "cacheTokensDetails", usage_level2},
    {usage_level2, "", cached_details},
    {cached_details, "modality", modality},
    {cached_details, "tokenCount", modality_count},
    {usage, "candidatesTokensDetails", usage_level3},
    {usage_level3, "", output_details},
    {output_details, "modality", modality},
    {output_details, "tokenCount", modality_count},
    {root, "candidates", choices},
    {choices, "", choice},
    {choice, "finishReason", finish_reason},
    {choice, "content", level1},
    {level1, "parts", level2},
    {level2, "", level3},
    {level3, "text", output},
    {root, "promptFeedback", level4},
    {level4, "blockReason", finish_reason},
    {root, "error", error},
};

constexpr Rule kChatStreamRules[] = {
    {root, "id", answer_id},
    {root, "model", answer_model},
    {root, "created", answer_created},
    {choice, "index", choice_index},
};

constexpr Rule kResponsesStreamRules[] = {
    {level1, "id", answer_id},
    {level1, "model", answer_model},
    {level1, "created_at", answer_created},
};

constexpr Rule kGeminiStreamRules[] = {
    {root, "responseId", answer_id},
    {root, "modelVersion", answer_model},
    {choice, "index", choice_index},
};

constexpr JsonFields kChat = table(kChatRules);
constexpr JsonFields kChatStream = table(kChatRules, kChatStreamRules);
constexpr JsonFields kResponses = table(kResponsesRules);
constexpr JsonFields kResponsesStream = table(kResponsesRules, kResponsesStreamRules);
constexpr JsonFields kMessages = table(kMessagesRules);
constexpr JsonFields kGemini = table(kGeminiRules);
constexpr JsonFields kGeminiStream = table(kGeminiRules, kGeminiStreamRules);

}  // namespace

const JsonFields& answer_fields(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::responses:
    case Endpoint::responses_input_tokens:
      return kResponses;
    case Endpoint::messages:
    case Endpoint::count_tokens:
      return kMessages;
    case Endpoint::generate_content:
    case Endpoint::stream_generate_content:
    case Endpoint::gemini_count_tokens:
    case Endpoint::embed_content:
    case Endpoint::batch_embed_contents:
      return kGemini;
    default:
      return kChat;
  }
}

const JsonFields& stream_fields(Endpoint endpoint) {
  const JsonFields& fields = answer_fields(endpoint);
  if (&fields == &kChat) return kChatStream;
  if (&fields == &kResponses) return kResponsesStream;
  if (&fields == &kGemini) return kGeminiStream;
  // An Anthropic stream's end says nothing of its message but how it ended.
  return fields;
}

}  // namespace headrace::policy
