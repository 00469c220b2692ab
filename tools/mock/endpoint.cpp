#include "tools/mock/endpoint.h"

#include <array>

#include "core/check.h"

namespace headrace::tools::mock {
namespace {

struct Row {
  Endpoint endpoint;
  std::string_view name;
  std::string_view ending;  // of the path; empty: found by other means
  bool post;
};

// In the order of the enum; of two endings that both match, the longer one counts.
constexpr std::array<Row, kEndpointCount> kRows{{
    {Endpoint::unknown, "unknown", "", false},
    {Endpoint::openai_chat, "openai.chat", "/chat/completions", true},
    {Endpoint::openai_completions, "openai.completions", "/completions", true},
    {Endpoint::openai_responses, "openai.responses", "/responses", true},
    {Endpoint::openai_response_input_tokens, "openai.input_tokens", "/responses/input_tokens",
     true},
    {Endpoint::openai_embeddings, "openai.embeddings", "/embeddings", true},
    {Endpoint::openai_moderations, "openai.moderations", "/moderations", true},
    {Endpoint::openai_models, "openai.models", "", false},
    {Endpoint::openai_model, "openai.model", "", false},
    {Endpoint::anthropic_messages, "anthropic.messages", "/messages", true},
    {Endpoint::anthropic_count_tokens, "anthropic.count_tokens", "/messages/count_tokens", true},
    {Endpoint::anthropic_models, "anthropic.models", "", false},
    {Endpoint::anthropic_model, "anthropic.model", "", false},
    {Endpoint::gemini_generate, "gemini.generate", ":generateContent", true},
    {Endpoint::gemini_stream, "gemini.stream", ":streamGenerateContent", true},
    {Endpoint::gemini_count_tokens, "gemini.count_tokens", ":countTokens", true},
    {Endpoint::gemini_embed, "gemini.embed", ":embedContent", true},
    {Endpoint::gemini_batch_embed, "gemini.batch_embed", ":batchEmbedContents", true},
    {Endpoint::gemini_models, "gemini.models", "", false},
    {Endpoint::gemini_model, "gemini.model", "", false},
}};

const Row& row_of(Endpoint endpoint) {
  const Row& row = kRows[static_cast<std::size_t>(endpoint)];
  HEADRACE_CHECK(row.endpoint == endpoint, "the table stands in the enum's order");
  return row;
}

// What stands between "/`folder`/" and `end`, or nothing.
std::string_view segment_after(std::string_view path, std::string_view folder) {
  const auto at = path.rfind(folder);
  return at == std::string_view::npos ? std::string_view{} : path.substr(at + folder.size());
}

Route find_models_route(std::string_view path, bool anthropic) {
  const bool gemini = path.starts_with("/v1beta") || path.starts_with("/v1alpha");
  Route route;
  route.dialect = gemini ? Dialect::gemini : anthropic ? Dialect::anthropic : Dialect::openai;
  const auto choose = [&route](Endpoint openai, Endpoint of_anthropic, Endpoint of_gemini) {
    route.endpoint = route.dialect == Dialect::gemini      ? of_gemini
                     : route.dialect == Dialect::anthropic ? of_anthropic
                                                           : openai;
  };
  if (path.ends_with("/models")) {
    choose(Endpoint::openai_models, Endpoint::anthropic_models, Endpoint::gemini_models);
  } else if (const auto model = segment_after(path, "/models/"); !model.empty()) {
    route.model = model;
    choose(Endpoint::openai_model, Endpoint::anthropic_model, Endpoint::gemini_model);
  }
  return route;
}

bool query_asks_for_sse(std::string_view query) {
  return query == "alt=sse" || query.starts_with("alt=sse&") || query.ends_with("&alt=sse") ||
         query.find("&alt=sse&") != std::string_view::npos;
}

}  // namespace

std::string_view endpoint_name(Endpoint endpoint) {
  return row_of(endpoint).name;
}

bool takes_body(Endpoint endpoint) {
  return row_of(endpoint).post;
}

Dialect dialect_of(Endpoint endpoint) {
  if (endpoint >= Endpoint::gemini_generate) return Dialect::gemini;
  return endpoint >= Endpoint::anthropic_messages ? Dialect::anthropic : Dialect::openai;
}

Route find_route(std::string_view method, std::string_view path, std::string_view query,
                 bool anthropic) {
  const Row* found = nullptr;
  for (const Row& row : kRows) {
    if (row.ending.empty() || !path.ends_with(row.ending)) continue;
    if (found == nullptr || row.ending.size() > found->ending.size()) found = &row;
  }
  Route route;
  if (found == nullptr) {
    route = find_models_route(path, anthropic);
    if (route.endpoint == Endpoint::unknown && path.find("/messages") != std::string_view::npos) {
      route.dialect = Dialect::anthropic;
    }
  } else {
    route.endpoint = found->endpoint;
    route.dialect = dialect_of(found->endpoint);
    const auto before = path.substr(0, path.size() - found->ending.size());
    if (route.dialect == Dialect::gemini) {
      route.model = segment_after(before, "/models/");
      route.sse = query_asks_for_sse(query);
    } else {
      route.model = segment_after(before, "/deployments/");  // as Azure addresses models
    }
  }
  const std::string_view expected = takes_body(route.endpoint) ? "POST" : "GET";
  route.method_matches = route.endpoint == Endpoint::unknown || method == expected ||
                         (expected == "GET" && method == "HEAD");
  return route;
}

}  // namespace headrace::tools::mock
