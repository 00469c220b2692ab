#include "net/tls/credential.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <utility>

#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/pool.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/ascii.h"
#include "net/tls/credential_parts.h"
#include "net/tls/pem.h"

namespace headrace::net::tls {
namespace {

constexpr std::size_t kChainMax = 16;
constexpr unsigned kRsaBitsMin = 2048;

using Errors = std::vector<std::string>;

// Seconds since 1970, without the detour through a time_t that a time zone could bend.
std::int64_t unix_seconds_of(const ASN1_TIME* time) {
  const bssl::UniquePtr<ASN1_TIME> epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0;
  int seconds = 0;
  if (epoch == nullptr || ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) return 0;
  return std::int64_t{days} * 86400 + seconds;
}

std::string words_of(std::int64_t unix_seconds) {
  const std::time_t time = unix_seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  const std::size_t bytes =
      std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return {text.data(), bytes};
}

void add_name(std::vector<std::string>& names, const ASN1_STRING* text) {
  if (text == nullptr) return;
  const std::uint8_t* data = ASN1_STRING_get0_data(text);
  std::string name(data, data + ASN1_STRING_length(text));
  // A name with a NUL inside was made to deceive.
  if (name.empty() || name.find('\0') != std::string::npos) return;
  std::ranges::transform(name, name.begin(), core::to_lower);
  if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  const bssl::UniquePtr<GENERAL_NAMES> alternatives(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (alternatives != nullptr) {
    for (std::size_t i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
      const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), i);
      if (name->type == GEN_DNS) add_name(names, name->d.dNSName);
    }
    return names;
  }
  X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0) add_name(names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  return names;
}

bool is_certificate(const PemBlock& block) {
  return block.label == "CERTIFICATE" || block.label == "X509 CERTIFICATE";
}

bool is_key(const PemBlock& block) {
  return block.label.ends_with("PRIVATE KEY");
}

bssl::UniquePtr<EVP_PKEY> parse_key(const PemBlock& block) {
  CBS der;
  CBS_init(&der, block.der.data(), block.der.size());
  if (block.label == "PRIVATE KEY") return bssl::UniquePtr<EVP_PKEY>(EVP_parse_private_key(&der));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (block.label == "RSA PRIVATE KEY") {
    bssl::UniquePtr<RSA> rsa(RSA_parse_private_key(&der));
    if (rsa != nullptr && EVP_PKEY_set1_RSA(key.get(), rsa.get()) == 1) return key;
  } else if (block.label == "EC PRIVATE KEY") {
    bssl::UniquePtr<EC_KEY> curve(EC_KEY_parse_private_key(&der, nullptr));
    if (curve != nullptr && EVP_PKEY_set1_EC_KEY(key.get(), curve.get()) == 1) return key;
  }
  return nullptr;
}

bssl::UniquePtr<EVP_PKEY> read_key(std::span<const std::byte> pem, Errors& errors) {
  const auto blocks = parse_pem(pem);
  if (!blocks) {
    errors.push_back("key: " + blocks.error());
    return nullptr;
  }
  const auto found = std::ranges::find_if(*blocks, is_key);
  if (found == blocks->end()) {
    errors.emplace_back("no private key found: expected a PEM block \"PRIVATE KEY\"");
    return nullptr;
  }
  if (found->encrypted) {
    errors.emplace_back("key is encrypted: store it without a passphrase (openssl pkey -in KEY)");
    return nullptr;
  }
  bssl::UniquePtr<EVP_PKEY> key = parse_key(*found);
  ERR_clear_error();
  if (key == nullptr) errors.emplace_back("key cannot be decoded, or is of a kind not supported");
  return key;
}

std::vector<bssl::UniquePtr<X509>> read_chain(std::span<const std::byte> pem, Errors& errors) {
  std::vector<bssl::UniquePtr<X509>> chain;
  const auto blocks = parse_pem(pem);
  if (!blocks) {
    errors.push_back("certificate: " + blocks.error());
    return chain;
  }
  for (const PemBlock& block : *blocks) {
    if (!is_certificate(block)) continue;
    const std::uint8_t* der = block.der.data();
    bssl::UniquePtr<X509> certificate(d2i_X509(nullptr, &der, static_cast<long>(block.der.size())));
    if (certificate == nullptr) {
      errors.push_back("certificate " + std::to_string(chain.size() + 1) + " cannot be decoded");
      chain.clear();
      break;
    }
    chain.push_back(std::move(certificate));
  }
  ERR_clear_error();
  if (chain.empty() && errors.empty()) {
    errors.emplace_back("no certificate found: expected a PEM block \"CERTIFICATE\"");
  }
  if (chain.size() > kChainMax) {
    errors.push_back("more than " + std::to_string(kChainMax) + " certificates in one chain");
  }
  return chain;
}

void judge_chain(const std::vector<bssl::UniquePtr<X509>>& chain, std::int64_t now,
                 Errors& errors) {
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const std::string which = i == 0 ? std::string("certificate")
                                     : "certificate " + std::to_string(i + 1) + " of the chain";
    const std::int64_t from = unix_seconds_of(X509_get0_notBefore(chain[i].get()));
    const std::int64_t until = unix_seconds_of(X509_get0_notAfter(chain[i].get()));
    if (until < now) errors.push_back(which + " expired on " + words_of(until));
    if (from > now) errors.push_back(which + " is not valid before " + words_of(from));
    if (i > 0 && X509_check_issued(chain[i].get(), chain[i - 1].get()) != X509_V_OK) {
      errors.push_back(which + " did not issue the one before it: put each issuer after its own");
    }
  }
}

std::optional<KeyKind> kind_of(const EVP_PKEY* key) {
  switch (EVP_PKEY_id(key)) {
    case EVP_PKEY_RSA:
      return KeyKind::rsa;
    case EVP_PKEY_EC:
      return KeyKind::ecdsa;
    case EVP_PKEY_ED25519:
      return KeyKind::ed25519;
    default:
      return std::nullopt;
  }
}

bssl::UniquePtr<CRYPTO_BUFFER> der_of(X509* certificate) {
  std::uint8_t* der = nullptr;
  const int bytes = i2d_X509(certificate, &der);
  if (bytes <= 0) return nullptr;
  bssl::UniquePtr<CRYPTO_BUFFER> buffer(
      CRYPTO_BUFFER_new(der, static_cast<std::size_t>(bytes), nullptr));
  OPENSSL_free(der);
  return buffer;
}

}  // namespace

std::expected<std::shared_ptr<const Credential>, Errors> Credential::parse(
    std::span<const std::byte> chain_pem, std::span<const std::byte> key_pem,
    std::int64_t unix_seconds) {
  Errors errors;
  const std::vector<bssl::UniquePtr<X509>> chain = read_chain(chain_pem, errors);
  bssl::UniquePtr<EVP_PKEY> key = read_key(key_pem, errors);
  judge_chain(chain, unix_seconds, errors);

  auto parts = std::make_unique<Parts>();
  if (key != nullptr) {
    const std::optional<KeyKind> kind = kind_of(key.get());
    parts->key_bits = static_cast<unsigned>(EVP_PKEY_bits(key.get()));
    if (!kind) {
      errors.emplace_back("key is neither RSA nor elliptic curve nor Ed25519");
    } else if (*kind == KeyKind::rsa && parts->key_bits < kRsaBitsMin) {
      errors.push_back("RSA key has " + std::to_string(parts->key_bits) + " bits: at least " +
                       std::to_string(kRsaBitsMin) + " are needed");
    }
    parts->key_kind = kind.value_or(KeyKind::rsa);
    if (!chain.empty() && X509_check_private_key(chain[0].get(), key.get()) != 1) {
      errors.emplace_back("certificate and key do not belong together");
    }
    ERR_clear_error();
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));

  for (const auto& certificate : chain) {
    parts->chain.push_back(der_of(certificate.get()));
    if (parts->chain.back() == nullptr) return std::unexpected(Errors{"out of memory"});
  }
  parts->names = names_of(chain[0].get());
  parts->not_after_unix_seconds = unix_seconds_of(X509_get0_notAfter(chain[0].get()));
  parts->key = std::move(key);
  return std::shared_ptr<const Credential>(new Credential(std::move(parts)));
}

Credential::Credential(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Credential::~Credential() = default;

const std::vector<std::string>& Credential::names() const {
  return parts_->names;
}
std::int64_t Credential::not_after_unix_seconds() const {
  return parts_->not_after_unix_seconds;
}
KeyKind Credential::key_kind() const {
  return parts_->key_kind;
}
unsigned Credential::key_bits() const {
  return parts_->key_bits;
}

}  // namespace headrace::net::tls
