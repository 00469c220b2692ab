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
constexpr JsonContainer kEnd = JsonContainer::way_with_end;
constexpr JsonContainer kWay = JsonContainer::way;

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
    {prompt, "", entry, kWay},
    {entry, "content", parts, kWay},
    {entry, "audio", source, kWay},  // of an earlier answer
    {parts, "", part, kWay},
    {part, "file", source, kWay},
    {part, "file_id", named_object},  // as Mistral has it
    {root, "audio", holder, kWay},
    {holder, "voice", source, kWay},  // one that was made for the account
    {source, "file_id", named_object},
    {source, "id", named_object},
    {named_object, "", named_object},
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
    {prompt, "", prompt_element},
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
    {root, "prompt", named_object},
    {root, "prompt_cache_options", source, kWay},
    {root, "input", prompt},
    {root, "instructions", instructions},
    {root, "tools", tools},
    {prompt, "", entry, kEnd},
    {entry, "type", entry_type, kPass},
    {entry, "id", entry_id, kPass},
    {entry, "role", entry_role, kPass},
    {entry, "result", entry_image, kPass},
    {entry, "results", entry_findings, kEnd},
    {entry, "encrypted_content", entry_seal, kPass},
    {entry, "content", entry_words, kEnd},
    {entry, "output", parts, kWay},
    {entry, "container_id",
     named_object},  // the provider uses a container again that is named here
    {entry, "environment", environment, kWay},
    {entry, "tools", tool, kWay},
    {entry_words, "", part, kWay},
    {entry_words, "file_id", named_object},
    {parts, "", part, kWay},
    {parts, "file_id", named_object},  // of a screenshot, which is no list
    {part, "file_id", named_object},
    {tools, "", tool, kWay},
    {tool, "", tool, kWay},
    {tool, "vector_store_ids", named_object},
    {tool, "tunnel_id", named_object},  // a way to the account owner's own network
    {tool, "container", holder, kPass},
    {tool, "environment", environment, kWay},
    {tool, "input_image_mask", source, kWay},
    {source, "file_id", named_object},
    {source, "comparison_response_id", named_object},
    {holder, "container_id", named_object},
    {holder, "file_ids", named_object},
    {holder, "skills", skills, kWay},
    {environment, "container_id", named_object},
    {environment, "file_ids", named_object},
    {environment, "skills", skills, kWay},
    {skills, "", skill, kWay},
    {skill, "skill_id", skill_id, kPass},
    {named_object, "", named_object},
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
    {root, "container", holder, kPass},
    {root, "thread", named_object},  // a conversation that the provider keeps
    {root, "diagnostics", source, kWay},
    {root, "thinking", thinking, kPass},
    {thinking, "budget_tokens", thinking_budget},
    {root, "messages", prompt},
    {root, "system", instructions},
    {root, "tools", tools},
    {prompt, "", entry, kWay},
    {entry, "content", parts, kWay},
    {parts, "", part, kWay},
    {part, "file_id", named_object},  // of what a container is to have
    {part, "source", source, kWay},
    {part, "content", parts, kWay},  // of a tool's result
    {source, "file_id", named_object},
    {source, "previous_message_id", named_object},
    {source, "content", parts, kWay},
    {holder, "id", named_object},
    {holder, "skills", skills, kWay},
    {skills, "", skill, kWay},
    {skill, "skill_id", skill_id, kPass},
    {named_object, "", named_object},
});

// Every field of a Gemini message has two names in JSON: lowerCamelCase and the one of its protocol
// buffer. A list of one may stand without its brackets.
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
    {root, "modelArmorConfig", named_object},
    {root, "model_armor_config", named_object},
    {root, "generationOutputConfig", named_object},  // a bucket
    {root, "generation_output_config", named_object},
    {root, "contents", prompt},
    {root, "content", prompt},
    {root, "systemInstruction", instructions},
    {root, "system_instruction", instructions},
    {root, "tools", tools},
    {prompt, "", entry, kWay},
    {prompt, "parts", part, kWay},
    {instructions, "parts", part, kWay},
    {batch, "content", entry, kWay},
    {batch_entry, "content", entry, kWay},
    {wrapped, "contents", entry, kWay},
    {wrapped, "systemInstruction", entry, kWay},
    {wrapped, "system_instruction", entry, kWay},
    {wrapped, "tools", tool, kWay},
    {wrapped, "cachedContent", named_object},
    {wrapped, "cached_content", named_object},
    {entry, "", entry, kWay},
    {entry, "parts", part, kWay},
    {part, "", part, kWay},
    {part, "fileData", source, kWay},
    {part, "file_data", source, kWay},
    {part, "functionResponse", entry, kWay},
    {part, "function_response", entry, kWay},
    {source, "fileUri", file_uri, kPass},
    {source, "file_uri", file_uri, kPass},
    {tools, "", tool, kWay},
    {tools, "fileSearch", holder, kWay},
    {tools, "file_search", holder, kWay},
    {tools, "retrieval", holder, kWay},
    {tools, "googleMaps", holder, kWay},
    {tools, "google_maps", holder, kWay},
    {tool, "", tool, kWay},
    {tool, "fileSearch", holder, kWay},
    {tool, "file_search", holder, kWay},
    {tool, "retrieval", holder, kWay},
    {tool, "googleMaps", holder, kWay},
    {tool, "google_maps", holder, kWay},
    {holder, "fileSearchStoreNames", named_object},
    {holder, "file_search_store_names", named_object},
    {holder, "vertexAiSearch", named_object},
    {holder, "vertex_ai_search", named_object},
    {holder, "vertexRagStore", named_object},
    {holder, "vertex_rag_store", named_object},
    {holder, "externalApi", named_object},  // whose key may be a secret of the account
    {holder, "external_api", named_object},
    {holder, "authConfig", named_object},
    {holder, "auth_config", named_object},
    {named_object, "", named_object},
});

// A format that nobody knows, or a known one under another path. `content` in `content` is what a
// server tool has said (request_fields.h). A `container` may be that of a sound file but at the
// outermost and in a tool. Of `input` the items are judged as those of Responses.
constexpr JsonFields kAnyFormat = table({
    {root, "store", keeping},
    {root, "background", keeping},
    {root, "container", holder, kPass},
    {root, "thread", named_object},
    {root, "parameters", anything, kWay},  // Vertex; deeper it is the schema of a tool
    {root, "json", anything, kWay},        // likewise: what carries a request within another
    {root, "args", anything, kWay},
    {root, "arguments", anything, kWay},
    {root, "input", parts, kWay},
    {root, kJsonOtherKeys, anything, kWay},
    {anything, "", anything, kWay},
    {anything, kJsonOtherKeys, anything, kWay},

    {anything, "file_id", named_object},
    {anything, "file_ids", named_object},
    {anything, "vector_store_id", named_object},
    {anything, "vector_store_ids", named_object},
    {anything, "container_id", named_object},
    {anything, "skill_id", skill_id, kPass},
    {anything, "tunnel_id", named_object},
    {anything, "previous_response_id", named_object},
    {anything, "comparison_response_id", named_object},
    {anything, "previous_message_id", named_object},
    {anything, "conversation_id", named_object},
    {anything, "thread_id", named_object},
    {anything, "assistant_id", named_object},
    {anything, "agent_id", named_object},     // Mistral
    {anything, "library_ids", named_object},  // Mistral
    {anything, "cachedContent", named_object},
    {anything, "cached_content", named_object},
    {anything, "fileSearchStoreNames", named_object},
    {anything, "file_search_store_names", named_object},
    {anything, "vertexAiSearch", named_object},
    {anything, "vertex_ai_search", named_object},
    {anything, "vertexRagStore", named_object},
    {anything, "vertex_rag_store", named_object},
    {anything, "semanticRetriever", named_object},
    {anything, "semantic_retriever", named_object},
    {anything, "gcsUri", named_object},  // a bucket, which the account may read
    {anything, "gcs_uri", named_object},
    {anything, "storageUri", named_object},  // ... and write
    {anything, "storage_uri", named_object},
    {anything, "outputUriPrefix", named_object},
    {anything, "output_uri_prefix", named_object},
    {anything, "modelArmorConfig", named_object},
    {anything, "model_armor_config", named_object},
    {anything, "externalApi", named_object},
    {anything, "external_api", named_object},
    {anything, "authConfig", named_object},
    {anything, "auth_config", named_object},
    {anything, "fileUri", file_uri, kPass},
    {anything, "file_uri", file_uri, kPass},
    {anything, "conversation", holder, kPass},
    {anything, "prompt", source, kWay},  // a template
    {anything, "audio", source, kWay},   // of an earlier answer
    {anything, "voice", source, kWay},
    {anything, "tools", tool, kWay},
    {anything, "content", content, kWay},
    {anything, "input", listed, kWay},
    {anything, "functionResponse", reply, kWay},
    {anything, "function_response", reply, kWay},

    {anything, "metadata", free_form, kWay},
    {anything, "labels", free_form, kWay},
    {anything, "env", free_form, kWay},
    {anything, "json", free_form, kWay},
    {anything, "args", free_form, kWay},
    {anything, "arguments", free_form, kWay},
    {anything, "parameters", free_form, kWay},
    {anything, "schema", free_form, kWay},
    {anything, "input_schema", free_form, kWay},
    {anything, "inputSchema", free_form, kWay},
    {anything, "input_examples", free_form, kWay},
    {anything, "functionDeclarations", free_form, kWay},
    {anything, "function_declarations", free_form, kWay},
    {anything, "responseSchema", free_form, kWay},
    {anything, "response_schema", free_form, kWay},
    {anything, "responseJsonSchema", free_form, kWay},
    {anything, "response_json_schema", free_form, kWay},
    {anything, "annotations", free_form, kWay},  // of earlier answers
    {anything, "citations", free_form, kWay},

    {holder, "id", named_object},
    {holder, "", anything, kWay},
    {holder, kJsonOtherKeys, anything, kWay},
    {source, "id", named_object},
    {source, "", anything, kWay},
    {source, kJsonOtherKeys, anything, kWay},
    {tool, "container", holder, kPass},
    {tool, "", tool, kWay},
    {tool, kJsonOtherKeys, anything, kWay},
    {content, "file_id", named_object},
    {content, "parts", anything, kWay},
    {content, "source", anything, kWay},
    {content, "", anything, kWay},
    {listed, "", anything, kWay},
    {reply, "parts", anything, kWay},
    {reply, "", reply, kWay},
    {named_object, "", named_object},

    {parts, "", entry, kEnd},
    {parts, kJsonOtherKeys, anything, kWay},
    {entry, "type", entry_type, kPass},
    {entry, "id", entry_id, kPass},
    {entry, "role", entry_role, kPass},
    {entry, "result", entry_image, kPass},
    {entry, "results", entry_findings, kEnd},
    {entry, "encrypted_content", entry_seal, kPass},
    {entry, "content", entry_words, kEnd},
    {entry, kJsonOtherKeys, anything, kWay},
    {entry_words, "file_id", named_object},
    {entry_words, "parts", anything, kWay},
    {entry_words, "source", anything, kWay},
    {entry_words, "", anything, kWay},
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
    case Endpoint::unknown:
    case Endpoint::stored_object:
    case Endpoint::other:
      return kAnyFormat;
    case Endpoint::chat_completions:
    case Endpoint::models_list:
    case Endpoint::model_get:
      break;
  }
  return kChat;
}

}  // namespace headrace::policy
