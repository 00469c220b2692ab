// The boundary between the parts of a form (RFC 7578, RFC 2046 section 5.1.1), as its Content-Type
// says. What two readers could read in two ways is none: a second boundary, one in pieces or in
// another encoding (RFC 2231), characters that the grammar does not have.
//
// Threads: pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace headrace::policy {

inline constexpr std::size_t kBoundaryBytesMax = 70;

// `multipart/...` of whatever kind, in any letters.
[[nodiscard]] bool is_multipart(std::string_view content_type);

// A slice of it; empty: it is not `multipart/form-data` with a boundary.
[[nodiscard]] std::string_view form_boundary(std::string_view content_type);

}  // namespace headrace::policy
