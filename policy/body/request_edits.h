// The edits that the gateway makes to a request body, each touching one member and nothing else.
// All return false only when the edit list is full, or where a condition below says so.
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/body/body_facts.h"
#include "policy/body/edit_list.h"
#include "policy/dialect/endpoint.h"

namespace headrace::policy {

// `model` becomes this name, escaped as JSON needs it; inserted when the body has none. False also
// for a name beyond kModelBytesMax, and for a batch that names the model more than once.
[[nodiscard]] bool set_model(EditList& edits, const BodyFacts& facts, std::string_view name);

// `stream_options.include_usage` becomes true, whatever stood there.
[[nodiscard]] bool set_include_usage(EditList& edits, const BodyFacts& facts);

// The output cap becomes at most `tokens`: every cap that the client gave and that is higher is
// lowered; where it gave none, the one of this endpoint is inserted (chat: max_completion_tokens).
[[nodiscard]] bool set_output_cap(EditList& edits, const BodyFacts& facts, Endpoint endpoint,
                                  std::int64_t tokens);

// `store` becomes false (the Responses endpoint keeps answers when nothing is said).
[[nodiscard]] bool set_store_false(EditList& edits, const BodyFacts& facts);

}  // namespace headrace::policy
