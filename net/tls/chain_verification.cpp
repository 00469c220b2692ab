#include "net/tls/chain_verification.h"

#include <utility>

#include <openssl/err.h>
#include <openssl/pool.h>
#include <openssl/stack.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "net/tls/client_context_parts.h"

namespace headrace::net::tls {
namespace {

Failure failure_of(int verify_error) {
  switch (verify_error) {
    case X509_V_OK:
      return Failure::none;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Failure::certificate_expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Failure::certificate_not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return Failure::certificate_wrong_host;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
      return Failure::certificate_untrusted;
    case X509_V_ERR_OUT_OF_MEM:
      return Failure::out_of_memory;
    default:
      return Failure::certificate_invalid;
  }
}

bool expect_host(X509_VERIFY_PARAM* expectation, const ClientContext::Parts& context) {
  X509_VERIFY_PARAM_set_hostflags(expectation, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return context.is_address ? X509_VERIFY_PARAM_set1_ip_asc(expectation, context.host.c_str()) == 1
                            : X509_VERIFY_PARAM_set1_host(expectation, context.host.data(),
                                                          context.host.size()) == 1;
}

// `host`: whom the leaf must be for; null: anybody.
Failure judge_chain(const TrustAnchors& anchors, const char* purpose,
                    const ClientContext::Parts* host, const STACK_OF(CRYPTO_BUFFER) * chain,
                    std::uint8_t& alert) {
  alert = SSL_AD_INTERNAL_ERROR;
  const std::size_t count = chain == nullptr ? 0 : sk_CRYPTO_BUFFER_num(chain);
  if (count == 0) return Failure::certificate_missing;
  alert = SSL_AD_BAD_CERTIFICATE;
  if (count > kPeerChainMax) return Failure::certificate_invalid;

  bssl::UniquePtr<X509> leaf;
  const bssl::UniquePtr<STACK_OF(X509)> intermediates(sk_X509_new_null());
  for (std::size_t i = 0; i < count; ++i) {
    bssl::UniquePtr<X509> parsed(X509_parse_from_buffer(sk_CRYPTO_BUFFER_value(chain, i)));
    if (parsed == nullptr) return Failure::certificate_invalid;
    if (i == 0) {
      leaf = std::move(parsed);
    } else if (!bssl::PushToStack(intermediates.get(), std::move(parsed))) {
      return Failure::out_of_memory;
    }
  }
  const bssl::UniquePtr<X509_STORE_CTX> judge(X509_STORE_CTX_new());
  X509_STORE* store = anchors.parts().store.get();
  if (judge == nullptr ||
      X509_STORE_CTX_init(judge.get(), store, leaf.get(), intermediates.get()) != 1 ||
      X509_STORE_CTX_set_default(judge.get(), purpose) != 1 ||
      (host != nullptr && !expect_host(X509_STORE_CTX_get0_param(judge.get()), *host))) {
    alert = SSL_AD_INTERNAL_ERROR;
    return Failure::internal;
  }
  // An anchor need not be a root: an operator may trust an intermediate, or the certificate itself.
  X509_STORE_CTX_set_flags(judge.get(), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  if (X509_verify_cert(judge.get()) == 1) return Failure::none;
  const int error = X509_STORE_CTX_get_error(judge.get());
  alert = static_cast<std::uint8_t>(SSL_alert_from_verify_result(error));
  const Failure failure = failure_of(error);
  return failure == Failure::none ? Failure::certificate_invalid : failure;
}

}  // namespace

Failure verify_chain(const ClientContext::Parts& context, const STACK_OF(CRYPTO_BUFFER) * chain,
                     std::uint8_t& alert) {
  return judge_chain(*context.anchors, "ssl_server", &context, chain, alert);
}

Failure verify_client_chain(const TrustAnchors& anchors, const STACK_OF(CRYPTO_BUFFER) * chain,
                            std::uint8_t& alert) {
  return judge_chain(anchors, "ssl_client", nullptr, chain, alert);
}

}  // namespace headrace::net::tls
