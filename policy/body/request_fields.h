// Which members of a request body decide something, by endpoint.
//
// What names an object in the provider's account is looked for at the places that the providers'
// published formats have for it, never in what a client may fill as it likes: schemas, arguments
// and results of tools, metadata, text. What a server tool has said of a file before is no such
// place either: a provider reads it as the text that it is, and takes files from the other places.
//
// Of a body whose format nobody knows (`other`, `unknown`) it is looked for wherever it stands, by
// the keys that the published formats have for it, outside of what a client fills as it likes.
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
  stored_reference,  // conversation, cachedContent
  prompt,            // what the model reads: only ever one of each
  prompt_element,    // completions: a prompt of its own where it is a text or a list
  instructions,
  thinking,         // Anthropic
  thinking_budget,  // Anthropic: thinking.budget_tokens
  tools,            // what the model may call, and what it must conform to
  // On the way to what names an object that the provider keeps. These stand as often as they like.
  parts,   // what an entry consists of
  part,    // one of them: a text, an image, a file
  source,  // where a part comes from
  tool,
  holder,       // what of a tool holds such names: a container, a search; a text is one itself
  environment,  // Responses: in which a tool works; a text says what kind it is
  skills,       // of a container or an environment
  skill,
  skill_id,      // of the account's own, or of the provider's for everybody
  named_object,  // the name itself, or several
  file_uri,      // Gemini: fileUri, which names any place
  // Of a body in any format.
  anything,   // what is looked through
  free_form,  // what is not: a schema, arguments of a tool
  content,    // a message's, or an answer of a server tool that is a text to the model
  listed,     // input: what the model reads where it is a list, else arguments of a tool
  reply,      // Gemini: functionResponse
  keeping,    // what has the provider keep something where it is true
  // Of a prompt: a message, an input item, a content of Gemini's. Of Responses the items are
  // judged, and these stand once in each of them. The last ones of this list.
  entry,
  entry_type,
  entry_id,
  entry_role,
  // ... what it was, so that nobody need look it up: an image, what a search has found, a model's
  // reasoning sealed or in words.
  entry_image,
  entry_findings,
  entry_seal,
  entry_words,
};

[[nodiscard]] const JsonFields& request_fields(Endpoint endpoint);

}  // namespace headrace::policy
