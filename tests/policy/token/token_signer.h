// Signs tokens in tests, with keys made for the occasion.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/bn.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "policy/token/token_key.h"

namespace headrace::policy {

inline std::string base64url(std::span<const std::uint8_t> bytes) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j)
      bits = bits << 8U | (j < count ? bytes[i + j] : 0U);
    for (std::size_t j = 0; j <= count; ++j)
      text += kAlphabet[bits >> (18 - 6 * j) & 63U];
  }
  return text;
}
inline std::string base64url(std::string_view text) {
  return base64url(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

class Signer {
 public:
  static Signer secret(std::string secret) {
    Signer signer;
    signer.secret_ = std::move(secret);
    return signer;
  }
  static Signer rsa(bool pss) {
    Signer signer;
    signer.pss_ = pss;
    bssl::UniquePtr<RSA> rsa(RSA_new());
    bssl::UniquePtr<BIGNUM> exponent(BN_new());
    BN_set_word(exponent.get(), RSA_F4);
    RSA_generate_key_ex(rsa.get(), 2048, exponent.get(), nullptr);
    signer.key_.reset(EVP_PKEY_new());
    EVP_PKEY_set1_RSA(signer.key_.get(), rsa.get());
    return signer;
  }
  static Signer p256() {
    Signer signer;
    bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
    EC_KEY_generate_key(ec.get());
    signer.key_.reset(EVP_PKEY_new());
    EVP_PKEY_set1_EC_KEY(signer.key_.get(), ec.get());
    return signer;
  }
  static Signer ed25519() {
    Signer signer;
    std::uint8_t seed[32] = {9, 8, 7};
    signer.key_.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed, sizeof seed));
    return signer;
  }

  [[nodiscard]] std::string sign(std::string_view header, std::string_view claims) const {
    const std::string text = base64url(header) + "." + base64url(claims);
    return text + "." + base64url(signature(text));
  }
  [[nodiscard]] TokenKey verifying_key(std::string id, TokenAlgorithm algorithm) const {
    if (!secret_.empty()) {
      return TokenKey::from_secret(
                 std::move(id),
                 {reinterpret_cast<const std::uint8_t*>(secret_.data()), secret_.size()})
          .value();
    }
    return TokenKey::from_public_key(std::move(id), algorithm, bssl::UpRef(key_)).value();
  }
  [[nodiscard]] EVP_PKEY* key() const { return key_.get(); }
  [[nodiscard]] std::vector<std::uint8_t> signature(std::string_view text) const {
    const auto* data = reinterpret_cast<const std::uint8_t*>(text.data());
    std::vector<std::uint8_t> signature(512);
    if (!secret_.empty()) {
      unsigned bytes = 0;
      HMAC(EVP_sha256(), secret_.data(), secret_.size(), data, text.size(), signature.data(),
           &bytes);
      signature.resize(bytes);
      return signature;
    }
    if (EVP_PKEY_id(key_.get()) == EVP_PKEY_EC) {
      std::uint8_t digest[32];
      SHA256(data, text.size(), digest);
      const bssl::UniquePtr<ECDSA_SIG> pair(
          ECDSA_do_sign(digest, sizeof digest, EVP_PKEY_get0_EC_KEY(key_.get())));
      signature.resize(64);
      BN_bn2bin_padded(signature.data(), 32, ECDSA_SIG_get0_r(pair.get()));
      BN_bn2bin_padded(signature.data() + 32, 32, ECDSA_SIG_get0_s(pair.get()));
      return signature;
    }
    const bool rsa = EVP_PKEY_id(key_.get()) == EVP_PKEY_RSA;
    bssl::ScopedEVP_MD_CTX context;
    EVP_PKEY_CTX* options = nullptr;
    EVP_DigestSignInit(context.get(), &options, rsa ? EVP_sha256() : nullptr, nullptr, key_.get());
    if (pss_) {
      EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(options, -1);
    }
    std::size_t bytes = signature.size();
    EVP_DigestSign(context.get(), signature.data(), &bytes, data, text.size());
    signature.resize(bytes);
    return signature;
  }

 private:
  std::string secret_;
  bssl::UniquePtr<EVP_PKEY> key_;
  bool pss_ = false;
};

}  // namespace headrace::policy
