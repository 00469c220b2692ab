// Which members of a request body decide something, by endpoint.
#pragma once

#include "policy/dialect/endpoint.h"
#include "policy/json/json_fields.h"

namespace headrace::policy {

// What a member is, whatever the dialect calls it.
enum class RequestField : JsonField {
  root = kJsonRoot,
  model,
  batch,        // Gemini: requests
  batch_entry,  // Gemini: requests[]
  batch_model,  // Gemini: requests[].model
  wrapped,      // Gemini: generateContentRequest
  stream,
  stream_options,
  include_usage,
  output_cap,
  output_cap_legacy,
  generation_config,
  choices,
  best_of,
  service_tier,
  metadata,
  user,
  safety_identifier,
  prompt_cache_key,
  temperature,
  seed,
  store,
  background,
  previous_response_id,
  stored_reference,  // conversation, container, prompt, cachedContent
  prompt,            // what the model reads: only ever one of each
  instructions,
  tools,  // what the model may call, and what it must conform to
};

[[nodiscard]] const JsonFields& request_fields(Endpoint endpoint);

}  // namespace headrace::policy
