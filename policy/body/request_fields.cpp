#include "policy/body/request_fields.h"

#include <array>

namespace headrace::policy {
namespace {

struct Rule {
  RequestField parent;
  std::string_view key;
  RequestField field;
  JsonContainer container = JsonContainer::stop;
};

template <std::size_t kCount>
consteval JsonFields table(const Rule (&rules)[kCount]) {
  std::array<JsonRule, kCount> plain{};
  for (std::size_t i = 0; i < kCount; ++i) {
    plain[i] = {static_cast<JsonField>(rules[i].parent), rules[i].key,
                static_cast<JsonField>(rules[i].field), rules[i].container};
  }
  return JsonFields(plain);
}

using enum RequestField;
constexpr JsonContainer kPass = JsonContainer::pass;

constexpr JsonFields kChat = table({
    {root, "model", model},
    {root, "stream", stream},
    {root, "stream_options", stream_options},
    {stream_options, "include_usage", include_usage},
    {root, "max_completion_tokens", output_cap},
    {root, "max_tokens", output_cap_legacy},
    {root, "n", choices},
    {root, "service_tier", service_tier},
    {root, "metadata", metadata},
    {root, "user", user},
    {root, "safety_identifier", safety_identifier},
    {root, "prompt_cache_key", prompt_cache_key},
    {root, "temperature", temperature},
    {root, "seed", seed},
    {root, "store", store},
    {root, "messages", prompt},
    {root, "tools", tools},
});

constexpr JsonFields kCompletions = table({
    {root, "model", model},
    {root, "stream", stream},
    {root, "stream_options", stream_options},
    {stream_options, "include_usage", include_usage},
    {root, "max_tokens", output_cap},
    {root, "n", choices},
    {root, "best_of", best_of},
    {root, "service_tier", service_tier},
    {root, "user", user},
    {root, "temperature", temperature},
    {root, "seed", seed},
    {root, "prompt", prompt},
});

constexpr JsonFields kResponses = table({
    {root, "model", model},
    {root, "stream", stream},
    {root, "stream_options", stream_options},
    {root, "max_output_tokens", output_cap},
    {root, "service_tier", service_tier},
    {root, "metadata", metadata},
    {root, "user", user},
    {root, "temperature", temperature},
    {root, "store", store},
    {root, "background", background},
    {root, "previous_response_id", previous_response_id},
    {root, "conversation", stored_reference},
    {root, "prompt", stored_reference},
    {root, "input", prompt},
    {root, "instructions", instructions},
    {root, "tools", tools},
});

constexpr JsonFields kInputs = table({
    {root, "model", model},
    {root, "user", user},
    {root, "input", prompt},
});

constexpr JsonFields kMessages = table({
    {root, "model", model},
    {root, "stream", stream},
    {root, "max_tokens", output_cap},
    {root, "service_tier", service_tier},
    {root, "metadata", metadata},
    {metadata, "user_id", user},
    {root, "temperature", temperature},
    {root, "container", stored_reference},
    {root, "messages", prompt},
    {root, "system", instructions},
    {root, "tools", tools},
});

// Every field of a Gemini message has two names in JSON: lowerCamelCase and the one of its protocol
// buffer.
constexpr JsonFields kGemini = table({
    {root, "model", model},
    {root, "generateContentRequest", wrapped, kPass},
    {root, "generate_content_request", wrapped, kPass},
    {wrapped, "model", model},
    {root, "requests", batch},
    {batch, "", batch_entry},
    {batch_entry, "model", batch_model},
    {root, "generationConfig", generation_config},
    {root, "generation_config", generation_config},
    {generation_config, "maxOutputTokens", output_cap},
    {generation_config, "max_output_tokens", output_cap},
    {generation_config, "candidateCount", choices},
    {generation_config, "candidate_count", choices},
    {generation_config, "temperature", temperature},
    {generation_config, "seed", seed},
    {root, "cachedContent", stored_reference},
    {root, "cached_content", stored_reference},
    {root, "contents", prompt},
    {root, "content", prompt},
    {root, "systemInstruction", instructions},
    {root, "system_instruction", instructions},
    {root, "tools", tools},
});

}  // namespace

const JsonFields& request_fields(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::completions:
      return kCompletions;
    case Endpoint::responses:
    case Endpoint::responses_input_tokens:
      return kResponses;
    case Endpoint::embeddings:
    case Endpoint::moderations:
      return kInputs;
    case Endpoint::messages:
    case Endpoint::count_tokens:
      return kMessages;
    case Endpoint::generate_content:
    case Endpoint::stream_generate_content:
    case Endpoint::gemini_count_tokens:
    case Endpoint::embed_content:
    case Endpoint::batch_embed_contents:
      return kGemini;
    case Endpoint::chat_completions:
    case Endpoint::unknown:
    case Endpoint::models_list:
    case Endpoint::model_get:
    case Endpoint::stored_object:
    case Endpoint::other:
      break;
  }
  return kChat;
}

}  // namespace headrace::policy
