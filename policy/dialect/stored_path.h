// Whether a path that no pattern knows (endpoint.h) lists or addresses what a provider keeps for an
// account, judged by the words in it that the providers' APIs have for such things: under whatever
// prefix (`/openai/v1/files`), in capitals, with other marks between words, percent-encoded.
//
// It may be wrong about a path of somebody else's that has such a word for something of his own.
// That one wants an account of its own (`exclusive`), as the known ones do.
//
// Threads: pure. Time is linear in the path.
#pragma once

#include <string_view>

namespace headrace::policy {

// `path` without its query, as received.
[[nodiscard]] bool addresses_stored(std::string_view method, std::string_view path);

}  // namespace headrace::policy
