// What the texts of a config may look like, by TextRule.
//
// The base is what the data plane writes into heads, logs and paths: what could break a line or a
// field is refused here, once (RFC 9110 for names and values of fields, RFC 3986 for queries).
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/config/option_table.h"

namespace headrace::policy::config {

// What is wrong, completing "the value ..."; empty when it is good. Never repeats the text. Lengths
// are the option's business; URLs, addresses and digests have their own parsers.
[[nodiscard]] std::optional<std::string> judge_text(TextRule rule, std::string_view text);

// A field that the gateway writes or removes by itself, and that a config must not touch.
[[nodiscard]] bool is_managed_header(std::string_view name);
// A field that carries credentials: set by `auth` and `credential` only.
[[nodiscard]] bool is_credential_header(std::string_view name);

[[nodiscard]] std::string lower_case(std::string_view text);

}  // namespace headrace::policy::config
