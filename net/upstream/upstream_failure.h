// Why no answer came from an upstream: one line each, with what the log calls it. Whether the
// request may be sent again is decided by where it failed (net/proxy/exchange.h), not here.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace headrace::net {

enum class UpstreamFailure : std::uint8_t {
  none,
  no_address,   // the name has not been resolved, or does not exist
  descriptors,  // out of file descriptors
  connect_refused,
  connect_timeout,
  pool_timeout,  // all connections were busy for too long
  egress,        // the proxy on the way out refused, or spoke otherwise
  tls,           // the handshake failed
  closed_early,  // closed or reset before the answer began
  first_byte_timeout,
  gap_timeout,
  total_timeout,
  invalid_answer,   // not an HTTP answer that we accept
  truncated,        // ended within the body
  event_too_large,  // one of its stream's, beyond `event_bytes_max`
  no_memory,        // of ours, to gather an answer's head in
  beaten,           // another call for the same request was heard, or nobody waits any more
  count,
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(UpstreamFailure::count)>
    kUpstreamFailureNames = {"",
                             "no_address",
                             "descriptors",
                             "connect_refused",
                             "connect_timeout",
                             "pool_timeout",
                             "egress",
                             "tls",
                             "closed_early",
                             "first_byte_timeout",
                             "gap_timeout",
                             "total_timeout",
                             "invalid_answer",
                             "truncated",
                             "event_too_large",
                             "no_memory",
                             "beaten"};

constexpr std::string_view name(UpstreamFailure failure) {
  return kUpstreamFailureNames[static_cast<std::size_t>(std::to_underlying(failure))];
}

constexpr bool is_timeout(UpstreamFailure failure) {
  return failure == UpstreamFailure::connect_timeout || failure == UpstreamFailure::pool_timeout ||
         failure == UpstreamFailure::first_byte_timeout ||
         failure == UpstreamFailure::gap_timeout || failure == UpstreamFailure::total_timeout;
}

}  // namespace headrace::net
