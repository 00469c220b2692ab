// Which provider and which of its endpoints a request addresses, by method, path and headers.
//
// Paths are matched by their end, so that a provider may stand under any base path
// ("/v1/chat/completions", "/openai/deployments/gpt-4o/chat/completions"). A model that stands in
// the path is given back as written there, borrowed from the path.
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::tools::mock {

enum class Dialect : std::uint8_t { openai, anthropic, gemini };

enum class Endpoint : std::uint8_t {
  unknown,
  openai_chat,
  openai_completions,
  openai_responses,
  openai_response_input_tokens,
  openai_embeddings,
  openai_moderations,
  openai_models,
  openai_model,
  anthropic_messages,
  anthropic_count_tokens,
  anthropic_models,
  anthropic_model,
  gemini_generate,
  gemini_stream,
  gemini_count_tokens,
  gemini_embed,
  gemini_batch_embed,
  gemini_models,
  gemini_model,
};
inline constexpr std::size_t kEndpointCount = 20;

// As it stands in /mock/served: "openai.chat".
std::string_view endpoint_name(Endpoint endpoint);
Dialect dialect_of(Endpoint endpoint);
// Whether the endpoint reads a JSON body (and is addressed by POST); otherwise by GET.
bool takes_body(Endpoint endpoint);

struct Route {
  Endpoint endpoint = Endpoint::unknown;
  Dialect dialect = Dialect::openai;  // also of an unknown path: in whose shape the 404 is written
  std::string_view model;             // from the path; empty where it stands in the body
  bool sse = false;                   // Gemini's alt=sse
  bool method_matches = true;
};

// `anthropic`: the request carries a header that only Anthropic's clients send, which tells the two
// providers' /v1/models apart.
Route find_route(std::string_view method, std::string_view path, std::string_view query,
                 bool anthropic);

}  // namespace headrace::tools::mock
