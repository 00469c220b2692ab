// Why a TLS connection failed: one short text each, fit for a log line and for an operator.
//
// Nothing here carries bytes of either side: a reason never leaks what was said. Whose fault it is
// follows from the reason; a retry makes sense only after `truncated` and `peer_closed_early`.
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::net::tls {

enum class Failure : std::uint8_t {
  none,
  plain_http,              // an HTTP request where a TLS handshake should begin
  not_tls,                 // bytes that are no TLS record
  unsupported_version,     // below TLS 1.2
  no_shared_cipher,        // no cipher suite, group or signature algorithm in common
  no_shared_protocol,      // ALPN: nothing in common
  malformed,               // a message that the RFC does not allow, there or at all
  bad_record_mac,          // a record that does not authenticate
  record_overflow,         // a record longer than the RFC allows
  excess_control_records,  // more empty records, alerts or key updates than a sane peer sends
  renegotiation,           // the peer asked for a renegotiation: always refused
  certificate_untrusted,   // no chain to a trusted authority
  certificate_expired,
  certificate_not_yet_valid,
  certificate_wrong_host,  // valid, but for another name
  certificate_invalid,     // cannot be parsed, bad signature, wrong purpose
  certificate_missing,     // the peer sent none
  peer_alert,              // the peer gave up: see Session::peer_alert()
  truncated,               // the connection ended without close_notify: data may be missing
  peer_closed_early,       // the connection ended inside the handshake
  key_operation,           // our private key could not be used
  out_of_memory,
  internal,  // a mistake of ours
};

inline constexpr std::uint8_t kFailureCount = static_cast<std::uint8_t>(Failure::internal) + 1;

[[nodiscard]] std::string_view text(Failure failure);

// The name of an alert by RFC 8446 section 6, "unknown" for others.
[[nodiscard]] std::string_view alert_name(std::uint8_t alert);

}  // namespace headrace::net::tls
