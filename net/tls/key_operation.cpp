#include "net/tls/key_operation.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>

#include "core/check.h"

namespace headrace::net::tls {
namespace {

constexpr int kSaltAsLongAsDigest = -1;

// Empty when the key cannot sign so.
std::vector<std::uint8_t> sign(EVP_PKEY* key, std::uint16_t algorithm,
                               const std::vector<std::uint8_t>& input) {
  if (EVP_PKEY_id(key) != SSL_get_signature_algorithm_key_type(algorithm)) return {};
  bssl::ScopedEVP_MD_CTX digest;
  EVP_MD_CTX* context = digest.get();
  EVP_PKEY_CTX* options = nullptr;
  if (EVP_DigestSignInit(context, &options, SSL_get_signature_algorithm_digest(algorithm), nullptr,
                         key) != 1) {
    return {};
  }
  if (SSL_is_signature_algorithm_rsa_pss(algorithm) == 1 &&
      (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(options, kSaltAsLongAsDigest) != 1)) {
    return {};
  }
  std::size_t bytes = 0;
  if (EVP_DigestSign(context, nullptr, &bytes, input.data(), input.size()) != 1) return {};
  std::vector<std::uint8_t> signature(bytes);
  if (EVP_DigestSign(context, signature.data(), &bytes, input.data(), input.size()) != 1) return {};
  signature.resize(bytes);
  return signature;
}

}  // namespace

KeyOperation::KeyOperation(evp_pkey_st* key, std::uint16_t signature_algorithm,
                           const std::uint8_t* input, std::size_t input_bytes)
    : key_(key), input_(input, input + input_bytes), signature_algorithm_(signature_algorithm) {
  EVP_PKEY_up_ref(key_);
}

KeyOperation::~KeyOperation() {
  EVP_PKEY_free(key_);
}

void KeyOperation::run() noexcept {
  HEADRACE_CHECK(!has_run_, "a key operation was run twice");
  signature_ = sign(key_, signature_algorithm_, input_);
  ERR_clear_error();
  has_run_ = true;
}

}  // namespace headrace::net::tls
