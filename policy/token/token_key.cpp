#include "policy/token/token_key.h"

#include <openssl/bn.h>
#include <openssl/digest.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

namespace headrace::policy {
namespace {

constexpr std::size_t kEcHalfBytes = 32;

bool verify_hmac(std::span<const std::uint8_t> secret, std::string_view text,
                 std::span<const std::uint8_t> signature) {
  std::uint8_t digest[SHA256_DIGEST_LENGTH];
  unsigned bytes = 0;
  HMAC(EVP_sha256(), secret.data(), secret.size(),
       reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), digest, &bytes);
  return signature.size() == bytes && CRYPTO_memcmp(signature.data(), digest, bytes) == 0;
}

// RSA with PKCS #1 v1.5 or PSS, and Ed25519: as the library has them.
bool verify_evp(EVP_PKEY* key, const EVP_MD* digest, bool pss, std::string_view text,
                std::span<const std::uint8_t> signature) {
  bssl::ScopedEVP_MD_CTX context;
  EVP_PKEY_CTX* options = nullptr;
  if (EVP_DigestVerifyInit(context.get(), &options, digest, nullptr, key) != 1) return false;
  // The salt is as long as the digest (RFC 7518 section 3.5).
  if (pss && (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
              EVP_PKEY_CTX_set_rsa_pss_saltlen(options, -1) != 1)) {
    return false;
  }
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          reinterpret_cast<const std::uint8_t*>(text.data()), text.size()) == 1;
}

// Two numbers of 32 bytes (RFC 7518 section 3.4), not the ASN.1 that the library expects.
bool verify_ecdsa(EVP_PKEY* key, std::string_view text, std::span<const std::uint8_t> signature) {
  if (signature.size() != 2 * kEcHalfBytes) return false;
  const bssl::UniquePtr<ECDSA_SIG> pair(ECDSA_SIG_new());
  if (!pair) return false;
  bssl::UniquePtr<BIGNUM> r(BN_bin2bn(signature.data(), kEcHalfBytes, nullptr));
  bssl::UniquePtr<BIGNUM> s(BN_bin2bn(signature.data() + kEcHalfBytes, kEcHalfBytes, nullptr));
  if (!r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return false;
  (void)r.release();
  (void)s.release();
  std::uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), digest);
  return ECDSA_do_verify(digest, sizeof digest, pair.get(), EVP_PKEY_get0_EC_KEY(key)) == 1;
}

bool is_p256(const EVP_PKEY* key) {
  const EC_KEY* ec = EVP_PKEY_get0_EC_KEY(key);
  return ec != nullptr && EC_GROUP_get_curve_name(EC_KEY_get0_group(ec)) == NID_X9_62_prime256v1;
}

}  // namespace

std::expected<TokenKey, std::string> TokenKey::from_secret(std::string id,
                                                           std::span<const std::uint8_t> secret) {
  if (secret.size() < kTokenSecretBytesMin) {
    return std::unexpected("a secret of fewer than 32 bytes could be guessed");
  }
  TokenKey key;
  key.id_ = std::move(id);
  key.algorithm_ = TokenAlgorithm::hs256;
  key.secret_.assign(secret.begin(), secret.end());
  return key;
}

std::expected<TokenKey, std::string> TokenKey::from_public_key(std::string id,
                                                               TokenAlgorithm algorithm,
                                                               bssl::UniquePtr<EVP_PKEY> key) {
  const int kind = EVP_PKEY_id(key.get());
  switch (algorithm) {
    case TokenAlgorithm::rs256:
    case TokenAlgorithm::ps256: {
      if (kind != EVP_PKEY_RSA) return std::unexpected("the key is no RSA key");
      const auto bits = static_cast<unsigned>(EVP_PKEY_bits(key.get()));
      if (bits < kRsaBitsMin || bits > kRsaBitsMax) {
        return std::unexpected("an RSA key has 2048 to 8192 bits");
      }
      break;
    }
    case TokenAlgorithm::es256:
      if (kind != EVP_PKEY_EC || !is_p256(key.get())) {
        return std::unexpected("the key is not on the curve P-256");
      }
      break;
    case TokenAlgorithm::eddsa:
      if (kind != EVP_PKEY_ED25519) return std::unexpected("the key is no Ed25519 key");
      break;
    case TokenAlgorithm::hs256:
      // The classic confusion: a public key that everybody has, taken for a secret.
      return std::unexpected("a public key is no secret for HS256");
    case TokenAlgorithm::by_key:
      return std::unexpected("it is not said which algorithm the key is for");
  }
  TokenKey made;
  made.id_ = std::move(id);
  made.algorithm_ = algorithm;
  made.key_ = std::move(key);
  return made;
}

TokenKey::~TokenKey() {
  OPENSSL_cleanse(secret_.data(), secret_.size());
}

bool TokenKey::verify(std::string_view signed_text, std::span<const std::uint8_t> signature) const {
  bool good = false;
  switch (algorithm_) {
    case TokenAlgorithm::hs256:
      return verify_hmac(secret_, signed_text, signature);
    case TokenAlgorithm::rs256:
      good = verify_evp(key_.get(), EVP_sha256(), false, signed_text, signature);
      break;
    case TokenAlgorithm::ps256:
      good = verify_evp(key_.get(), EVP_sha256(), true, signed_text, signature);
      break;
    case TokenAlgorithm::es256:
      good = verify_ecdsa(key_.get(), signed_text, signature);
      break;
    case TokenAlgorithm::eddsa:
      good = verify_evp(key_.get(), nullptr, false, signed_text, signature);
      break;
    case TokenAlgorithm::by_key:
      break;
  }
  ERR_clear_error();
  return good;
}

}  // namespace headrace::policy
