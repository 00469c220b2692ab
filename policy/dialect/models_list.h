// Bodies of the endpoints that list models, in each dialect's shape.
//
// Every function returns how many bytes the body has, and writes as many of them as fit: a result
// above out.size() says how much room a second call needs.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "policy/dialect/dialect.h"

namespace headrace::policy {

// GET /v1/models, /v1beta/models. All in one page.
[[nodiscard]] std::size_t write_models_list(Dialect dialect,
                                            std::span<const std::string_view> names,
                                            std::span<char> out);

// GET /v1/models/{model}, /v1beta/models/{model}.
[[nodiscard]] std::size_t write_model(Dialect dialect, std::string_view name, std::span<char> out);

}  // namespace headrace::policy
