#include "net/tls/failure.h"

#include <array>

namespace headrace::net::tls {
namespace {

constexpr std::array<std::string_view, kFailureCount> kTexts = {
    "no failure",
    "plain HTTP was spoken on a TLS port",
    "the bytes received are not TLS",
    "the other side speaks no TLS version from 1.2 on",
    "no cipher suite, group or signature algorithm in common",
    "no application protocol in common (ALPN)",
    "a TLS message was malformed or out of place",
    "a TLS record was damaged or forged",
    "a TLS record was too long",
    "too many empty records, alerts or key updates",
    "renegotiation was asked for and refused",
    "the certificate does not lead to a trusted authority",
    "the certificate has expired",
    "the certificate is not yet valid",
    "the certificate is for another host name",
    "the certificate is invalid",
    "the other side sent no certificate",
    "the other side gave up with an alert",
    "the connection ended without close_notify: data may be missing",
    "the connection ended during the TLS handshake",
    "the private key could not be used",
    "out of memory",
    "internal error",
};
static_assert(!kTexts.back().empty(), "every failure has its text");

struct Alert {
  std::uint8_t number;
  std::string_view name;
};

constexpr Alert kAlerts[] = {
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {22, "record_overflow"},
    {40, "handshake_failure"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {100, "no_renegotiation"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {115, "unknown_psk_identity"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
};

}  // namespace

std::string_view text(Failure failure) {
  return kTexts[static_cast<std::uint8_t>(failure)];
}

std::string_view alert_name(std::uint8_t alert) {
  for (const Alert& known : kAlerts) {
    if (known.number == alert) return known.name;
  }
  return "unknown";
}

}  // namespace headrace::net::tls
