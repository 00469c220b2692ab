// The edits that the gateway makes to a request body, each touching one member and nothing else.
// All return false only when the edit list is full.
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/body/body_facts.h"
#include "policy/body/edit_list.h"
#include "policy/dialect/endpoint.h"

namespace headrace::policy {

// `model` becomes this name (escaped as JSON needs it; at most kModelBytesMax bytes). Inserts the
// member when the body has none.
[[nodiscard]] bool set_model(EditList& edits, const BodyFacts& facts, std::string_view name);

// `stream_options.include_usage` becomes true, whatever stood there.
[[nodiscard]] bool set_include_usage(EditList& edits, const BodyFacts& facts);

// The output cap becomes `tokens` in the field that this endpoint's dialect heeds: every cap field
// that is given is set, else the endpoint's own one is inserted.
[[nodiscard]] bool set_output_cap(EditList& edits, const BodyFacts& facts, Endpoint endpoint,
                                  std::int64_t tokens);

// `store` becomes false (the Responses endpoint keeps answers when nothing is said).
[[nodiscard]] bool set_store_false(EditList& edits, const BodyFacts& facts);

}  // namespace headrace::policy
