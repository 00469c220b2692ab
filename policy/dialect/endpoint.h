// Which endpoint of which dialect a request line addresses: one table of path patterns.
//
// Matching is exact: a path matches a pattern or it does not. Nothing is decoded, lower-cased or
// normalised, so that what was judged is what is forwarded. Captured names may hold letters,
// digits and `-._:@`, in segments that are not empty and begin with neither `.` nor `:`. Everything
// else is `unknown`, unless it reads like a way to what a provider keeps: to `stored_object` leads
// whatever may lead there (stored_path.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/dialect/dialect.h"

namespace headrace::policy {

enum class Endpoint : std::uint8_t {
  unknown,
  // OpenAI
  chat_completions,
  completions,
  responses,
  responses_input_tokens,
  embeddings,
  moderations,
  // Anthropic
  messages,
  count_tokens,
  // Gemini and Vertex
  generate_content,
  stream_generate_content,
  gemini_count_tokens,
  embed_content,
  batch_embed_contents,
  // Answered by the gateway in each dialect's shape
  models_list,
  model_get,
  // Classes without rules of their own (DESIGN: refused unless a route passes them through, and
  // `stored_object` only where the provider's credential belongs to one tenant alone)
  stored_object,
  other,
};
inline constexpr std::size_t kEndpointCount = static_cast<std::size_t>(Endpoint::other) + 1;

enum class EndpointKind : std::uint8_t {
  unknown,        // no such path in any dialect
  metered,        // a JSON body with facts; the answer carries usage or is known to carry none
  models,         // the gateway answers
  stored_object,  // lists or addresses objects kept by the provider
  other,          // known, but without rules: images, audio, realtime ...
};

struct EndpointMatch {
  Dialect dialect = Dialect::openai;  // also for `unknown`: the shape of the refusal
  Endpoint endpoint = Endpoint::unknown;
  EndpointKind kind = EndpointKind::unknown;
  bool method_allowed = false;   // false where there are rules: 405, `allow` says what is
  bool needs_json_body = false;  // facts are to be scanned before anything else happens
  std::string_view allow;        // for the Allow field: what has rules of its own there
  // Slice of `path`: the model where the path names it (Gemini, Vertex, `GET /v1/models/{model}`).
  std::string_view model_in_path;
};

// `path` without query, as received. `anthropic_version`: the request has that header field, which
// decides whose `/v1/models` is meant.
[[nodiscard]] EndpointMatch match_endpoint(std::string_view method, std::string_view path,
                                           bool anthropic_version);

// As it stands in logs and metrics: `chat_completions`, `messages` ...
[[nodiscard]] std::string_view to_text(Endpoint endpoint);

// Does the model write something, and its answer say why it ended?
[[nodiscard]] bool generates(Endpoint endpoint);

}  // namespace headrace::policy
