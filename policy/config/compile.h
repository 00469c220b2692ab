// The config compiler: YAML text in, config base out. The only way from one to the other, for the
// data plane, the operator's tool and the control plane alike.
//
// Threads:    a pure function; `source` is asked from the calling thread.
// Invariants: the same text, values of ${...} and master key give the same bytes. A base that comes
//             out always opens (ConfigView::open). Secrets stand in it sealed only.
// Errors:     all of them at once, in the order of the file, each with line, column and remedy.
// Limits:     see kYamlBytesMax and its neighbours in yaml_tree.h; anchors and aliases are refused.
#pragma once

#include <cstddef>
#include <expected>
#include <string_view>
#include <vector>

#include "policy/config/config_error.h"
#include "policy/config/seal.h"
#include "policy/config/secret_source.h"

namespace headrace::policy::config {

// The bytes lie on at least 8 bytes, as ConfigView::open wants them.
[[nodiscard]] std::expected<std::vector<std::byte>, std::vector<ConfigError>> compile(
    std::string_view yaml_text, std::string_view file_name, SecretSource& source,
    const MasterKey& master_key);

}  // namespace headrace::policy::config
