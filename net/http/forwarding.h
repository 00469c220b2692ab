// Which of the fields received go on to the other side (RFC 9110 section 7.6.1).
//
// Hop-by-hop fields and those that a Connection option names end here. So do the fields that we
// write ourselves: framing, Host, credentials, forwarding traces. Whoever writes a head sends what
// forwards() says, then adds its own fields: a Connection option can remove none of those.
// Trailers are never forwarded.
#pragma once

#include "net/http/field.h"

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

// "X-Headrace-...": what clients and the gateway say to one another. None goes to a provider, and
// none of a provider's to a client.
[[nodiscard]] constexpr bool is_own_field(std::string_view name) {
  constexpr std::string_view kPrefix = "x-headrace-";
  if (name.size() < kPrefix.size()) return false;
  for (std::size_t i = 0; i < kPrefix.size(); ++i) {
    const char lower = name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] + 32) : name[i];
    if (lower != kPrefix[i]) return false;
  }
  return true;
}

// Take another set to withhold more: kRequestFieldsWithheld | FieldSet{FieldId::accept_encoding}.
constexpr bool forwards(const Field& field, FieldSet withheld) {
  return !field.named_by_connection && !withheld.contains(field.id);
}

}  // namespace headrace::net::http
