#include "net/tls/library_failure.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace headrace::net::tls {
namespace {

struct Meaning {
  int reason;
  Failure failure;
};

// What is not listed is `malformed`: nearly all of the library's reasons are about messages that
// are not as the RFC wants them.
constexpr Meaning kMeanings[] = {
    {SSL_R_HTTP_REQUEST, Failure::plain_http},
    {SSL_R_HTTPS_PROXY_REQUEST, Failure::plain_http},
    {SSL_R_WRONG_VERSION_NUMBER, Failure::not_tls},
    {SSL_R_UNEXPECTED_RECORD, Failure::not_tls},
    {SSL_R_UNSUPPORTED_PROTOCOL, Failure::unsupported_version},
    {SSL_R_UNKNOWN_PROTOCOL, Failure::unsupported_version},
    {SSL_R_WRONG_SSL_VERSION, Failure::unsupported_version},
    {SSL_R_INAPPROPRIATE_FALLBACK, Failure::unsupported_version},
    {SSL_R_NO_SHARED_CIPHER, Failure::no_shared_cipher},
    {SSL_R_NO_SHARED_GROUP, Failure::no_shared_cipher},
    {SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS, Failure::no_shared_cipher},
    {SSL_R_WRONG_SIGNATURE_TYPE, Failure::no_shared_cipher},
    {SSL_R_HANDSHAKE_FAILURE_ON_CLIENT_HELLO, Failure::no_shared_cipher},
    {SSL_R_NO_APPLICATION_PROTOCOL, Failure::no_shared_protocol},
    {SSL_R_INVALID_ALPN_PROTOCOL, Failure::no_shared_protocol},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, Failure::bad_record_mac},
    {SSL_R_DECRYPTION_FAILED, Failure::bad_record_mac},
    {SSL_R_ENCRYPTED_LENGTH_TOO_LONG, Failure::record_overflow},
    {SSL_R_DATA_LENGTH_TOO_LONG, Failure::record_overflow},
    {SSL_R_TOO_MANY_EMPTY_FRAGMENTS, Failure::excess_control_records},
    {SSL_R_TOO_MANY_WARNING_ALERTS, Failure::excess_control_records},
    {SSL_R_TOO_MANY_KEY_UPDATES, Failure::excess_control_records},
    {SSL_R_NO_RENEGOTIATION, Failure::renegotiation},
    {SSL_R_CERTIFICATE_VERIFY_FAILED, Failure::certificate_invalid},
    {SSL_R_CANNOT_PARSE_LEAF_CERT, Failure::certificate_invalid},
    {SSL_R_BAD_SIGNATURE, Failure::certificate_invalid},
    {SSL_R_UNKNOWN_CERTIFICATE_TYPE, Failure::certificate_invalid},
    {SSL_R_KEY_USAGE_BIT_INCORRECT, Failure::certificate_invalid},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, Failure::certificate_missing},
    {SSL_R_NO_CERTIFICATES_RETURNED, Failure::certificate_missing},
    {SSL_R_PRIVATE_KEY_OPERATION_FAILED, Failure::key_operation},
};

// The library counts the alerts of the other side from here.
constexpr int kAlertReasonFirst = 1000;

}  // namespace

LibraryFailure judge_library_error(int ssl_error) {
  std::uint32_t error = ERR_get_error();
  if (error == 0) {
    // Without an entry the stream ended, as the library sees it.
    const bool ended = ssl_error == SSL_ERROR_SYSCALL || ssl_error == SSL_ERROR_ZERO_RETURN;
    return {.failure = ended ? Failure::peer_closed_early : Failure::internal};
  }
  // The first entry of the TLS part is the reason; those before it are of the cryptography below,
  // those after it its consequences.
  while (ERR_GET_LIB(error) != ERR_LIB_SSL && ERR_GET_REASON(error) != ERR_R_MALLOC_FAILURE) {
    error = ERR_get_error();
    if (error == 0) return {.failure = Failure::malformed};
  }
  const int reason = ERR_GET_REASON(error);
  if (reason == ERR_R_MALLOC_FAILURE) return {.failure = Failure::out_of_memory};
  if (reason == ERR_R_INTERNAL_ERROR) return {.failure = Failure::internal};
  if (reason >= kAlertReasonFirst && reason < kAlertReasonFirst + 256) {
    return {.failure = Failure::peer_alert,
            .peer_alert = static_cast<std::uint8_t>(reason - kAlertReasonFirst)};
  }
  for (const Meaning& meaning : kMeanings) {
    if (meaning.reason == reason) return {.failure = meaning.failure};
  }
  return {.failure = Failure::malformed};
}

}  // namespace headrace::net::tls
