// Which of the fields received go on to the other side (RFC 9110 section 7.6.1).
//
// Hop-by-hop fields and those that a Connection option names end here. So do the fields that we
// write ourselves: framing, Host, credentials, forwarding traces. Whoever writes a head sends what
// forwards() says, then adds its own fields: a Connection option can remove none of those.
// Trailers are never forwarded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "net/http/field.h"
#include "net/http/text.h"

namespace headrace::net::http {

inline constexpr FieldSet kHopByHopFields{FieldId::connection,
                                          FieldId::keep_alive,
                                          FieldId::proxy_connection,
                                          FieldId::te,
                                          FieldId::trailer,
                                          FieldId::transfer_encoding,
                                          FieldId::upgrade,
                                          FieldId::http2_settings,
                                          FieldId::proxy_authenticate,
                                          FieldId::proxy_authorization};

// Credentials of a client of ours: none of them ever reaches a provider.
inline constexpr FieldSet kCredentialFields{FieldId::authorization, FieldId::x_api_key,
                                            FieldId::api_key, FieldId::x_goog_api_key,
                                            FieldId::x_headrace_key};

// What browsers keep for the gateway's own host, and what a provider would have every client of a
// shared account keep.
inline constexpr FieldSet kCookieFields{FieldId::cookie, FieldId::set_cookie};

// Where a request came from: written by us, from the connection and, where the client is a trusted
// proxy, from what it said.
inline constexpr FieldSet kTraceFields{FieldId::x_forwarded_for,
                                       FieldId::x_forwarded_host,
                                       FieldId::x_forwarded_proto,
                                       FieldId::forwarded,
                                       FieldId::via,
                                       FieldId::x_real_ip,
                                       FieldId::x_request_id,
                                       FieldId::traceparent};

// Expect is answered here (100-continue), so the upstream need not be asked again.
inline constexpr FieldSet kRequestFieldsWithheld =
    kHopByHopFields | kCredentialFields | kCookieFields | kTraceFields |
    FieldSet{FieldId::content_length, FieldId::host, FieldId::expect};

// Alt-Svc and Strict-Transport-Security speak of the provider's host, not of ours.
inline constexpr FieldSet kResponseFieldsWithheld =
    kHopByHopFields | kCookieFields |
    FieldSet{FieldId::content_length, FieldId::alt_svc, FieldId::via, FieldId::x_request_id,
             FieldId::strict_transport_security};

// Of a token and a prefix in lower case. The first eight letters are compared at once: this is
// asked of every field that has no name of its own here, and hardly ever true.
template <std::size_t size>
[[nodiscard]] inline bool has_prefix(std::string_view name, const char (&prefix)[size]) {
  constexpr std::size_t kAtOnce = sizeof(std::uint64_t);
  static_assert(size > kAtOnce);
  if (name.size() < size - 1) return false;
  std::uint64_t first = 0;
  std::uint64_t wanted = 0;
  std::memcpy(&first, name.data(), kAtOnce);
  std::memcpy(&wanted, prefix, kAtOnce);
  // In a token nothing but letters becomes another letter by this bit, and nothing becomes "-".
  if ((first | 0x2020'2020'2020'2020) != wanted) return false;
  return equals_ignoring_case(name.substr(kAtOnce, size - 1 - kAtOnce),
                              {prefix + kAtOnce, size - 1 - kAtOnce});
}

// "X-Headrace-...": what clients and the gateway say to one another. None goes to a provider, and
// none of a provider's to a client.
[[nodiscard]] inline bool is_own_field(std::string_view name) {
  return has_prefix(name, "x-headrace-");
}

// "Sec-WebSocket-...": of an upgrade that ends here (RFC 6455). Clients without a field of their
// own for it show their key as a subprotocol ("openai-insecure-api-key.<key>").
[[nodiscard]] inline bool is_websocket_field(std::string_view name) {
  return has_prefix(name, "sec-websocket-");
}

// Where a request came from, whatever else strangers call it: "X-Forwarded-User", "-Prefix" ...
[[nodiscard]] inline bool is_trace_field(std::string_view name) {
  return has_prefix(name, "x-forwarded-");
}

// By which some servers take another method or path than the first line has: what was judged is
// what must be done.
[[nodiscard]] inline bool overrides_request_line(std::string_view name) {
  switch (name.size()) {
    case 13:
      return has_prefix(name, "x-http-method") || has_prefix(name, "x-rewrite-url");
    case 14:
      return has_prefix(name, "x-original-url");
    case 17:
      return has_prefix(name, "x-method-override");
    case 22:
      return has_prefix(name, "x-http-method-override");
    default:
      return false;
  }
}

// Take another set to withhold more: kRequestFieldsWithheld | FieldSet{FieldId::accept_encoding}.
constexpr bool forwards(const Field& field, FieldSet withheld) {
  return !field.named_by_connection && !withheld.contains(field.id);
}

}  // namespace headrace::net::http
