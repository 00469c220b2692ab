// The traceparent field (W3C Trace Context): which trace a request belongs to, and which span of it
// is asking. We are one more span between the client's and the provider's.
//
//   00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
//   version  trace                      parent           flags
//
// Threads: pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace headrace::net::http {

inline constexpr std::size_t kTraceParentBytes = 55;

// Whether a trace can be continued from this: small hexadecimal digits, neither trace nor parent
// all zeros. A later version may have more behind its flags.
[[nodiscard]] bool is_trace_parent(std::string_view value);

// The field for the provider: the same trace and flags, our span as the parent, in version 00.
// `value` is a trace parent; `span` is not 0. A view of `out`.
[[nodiscard]] std::string_view continue_trace(std::string_view value, std::uint64_t span,
                                              std::span<char, kTraceParentBytes> out);

}  // namespace headrace::net::http
