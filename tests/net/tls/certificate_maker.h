// Keys and certificates made while the test runs: no files, no program, nothing that expires.
#pragma once

#include <cstdint>
#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/check.h"

namespace headrace::net::tls::test {

constexpr std::int64_t kDay = 86400;

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline bssl::UniquePtr<EVP_PKEY> make_ec_key(int curve = NID_X9_62_prime256v1) {
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(curve));
  HEADRACE_CHECK(EC_KEY_generate_key(ec.get()) == 1);
  HEADRACE_CHECK(EVP_PKEY_set1_EC_KEY(key.get(), ec.get()) == 1);
  return key;
}

inline bssl::UniquePtr<EVP_PKEY> make_rsa_key(int bits) {
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  bssl::UniquePtr<RSA> rsa(RSA_new());
  bssl::UniquePtr<BIGNUM> exponent(BN_new());
  HEADRACE_CHECK(BN_set_word(exponent.get(), RSA_F4) == 1);
  HEADRACE_CHECK(RSA_generate_key_ex(rsa.get(), bits, exponent.get(), nullptr) == 1);
  HEADRACE_CHECK(EVP_PKEY_set1_RSA(key.get(), rsa.get()) == 1);
  return key;
}

inline bssl::UniquePtr<EVP_PKEY> make_ed25519_key() {
  const bssl::UniquePtr<EVP_PKEY_CTX> maker(EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr));
  EVP_PKEY* key = nullptr;
  HEADRACE_CHECK(EVP_PKEY_keygen_init(maker.get()) == 1);
  HEADRACE_CHECK(EVP_PKEY_keygen(maker.get(), &key) == 1);
  return bssl::UniquePtr<EVP_PKEY>(key);
}

inline std::string pem_of(const auto& write) {
  const bssl::UniquePtr<BIO> sink(BIO_new(BIO_s_mem()));
  HEADRACE_CHECK(write(sink.get()) == 1);
  const std::uint8_t* data = nullptr;
  std::size_t bytes = 0;
  HEADRACE_CHECK(BIO_mem_contents(sink.get(), &data, &bytes) == 1);
  return {reinterpret_cast<const char*>(data), bytes};
}

struct Identity {
  bssl::UniquePtr<X509> certificate;
  bssl::UniquePtr<EVP_PKEY> key;

  [[nodiscard]] std::string certificate_pem() const {
    return pem_of([&](BIO* sink) { return PEM_write_bio_X509(sink, certificate.get()); });
  }
  [[nodiscard]] std::string key_pem() const {
    return pem_of([&](BIO* sink) {
      return PEM_write_bio_PKCS8PrivateKey(sink, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
};

struct CertificateSpec {
  std::string common_name = "test";
  std::vector<std::string> dns_names{};
  std::vector<std::string> ip_addresses{};
  std::int64_t valid_from_seconds = -kDay;  // from now
  std::int64_t valid_until_seconds = 30 * kDay;
  bool is_authority = false;
  std::string extended_key_usage{};
};

inline void add_extension(X509* certificate, int nid, const std::string& value) {
  const bssl::UniquePtr<X509_EXTENSION> extension(
      X509V3_EXT_nconf_nid(nullptr, nullptr, nid, value.c_str()));
  HEADRACE_CHECK(extension != nullptr);
  HEADRACE_CHECK(X509_add_ext(certificate, extension.get(), -1) == 1);
}

// Signed by `issuer`, or by itself where that is null.
inline Identity make_identity(const CertificateSpec& spec, const Identity* issuer = nullptr,
                              bssl::UniquePtr<EVP_PKEY> key = make_ec_key()) {
  static std::uint64_t last_serial = 0;
  Identity made;
  made.key = std::move(key);
  made.certificate.reset(X509_new());
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), ++last_serial);
  const std::time_t now = std::time(nullptr);
  ASN1_TIME_set(X509_getm_notBefore(certificate), now + spec.valid_from_seconds);
  ASN1_TIME_set(X509_getm_notAfter(certificate), now + spec.valid_until_seconds);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const std::uint8_t*>(spec.common_name.data()),
                             static_cast<int>(spec.common_name.size()), -1, 0);
  X509* signer = issuer != nullptr ? issuer->certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  X509_set_pubkey(certificate, made.key.get());
  add_extension(certificate, NID_basic_constraints,
                spec.is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!spec.extended_key_usage.empty()) {
    add_extension(certificate, NID_ext_key_usage, spec.extended_key_usage);
  }
  std::string names;
  for (const std::string& name : spec.dns_names) {
    names += (names.empty() ? "DNS:" : ",DNS:") + name;
  }
  for (const std::string& address : spec.ip_addresses) {
    names += (names.empty() ? "IP:" : ",IP:") + address;
  }
  if (!names.empty()) add_extension(certificate, NID_subject_alt_name, names);
  EVP_PKEY* signing_key = issuer != nullptr ? issuer->key.get() : made.key.get();
  // Ed25519 hashes by itself.
  const EVP_MD* digest = EVP_PKEY_id(signing_key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  HEADRACE_CHECK(X509_sign(certificate, signing_key, digest) > 0);
  return made;
}

inline Identity make_authority(const std::string& name = "Test Authority") {
  return make_identity({.common_name = name, .is_authority = true});
}

}  // namespace headrace::net::tls::test
