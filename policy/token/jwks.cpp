// Reading the keys of an issuer: PEM, or a JWKS document (RFC 7517).
#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <simdjson.h>

#include "policy/token/base64url.h"
#include "policy/token/token_key.h"

namespace headrace::policy {
namespace {

using Object = simdjson::dom::object;
using Bytes = std::vector<std::uint8_t>;
using Keys = std::expected<std::vector<TokenKey>, std::string>;

constexpr std::size_t kDocumentBytesMax = std::size_t{256} * 1024;

std::optional<std::string_view> text_of(const Object& object, std::string_view name) {
  std::string_view text;
  if (object.at_key(name).get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

std::optional<Bytes> bytes_of(const Object& object, std::string_view name) {
  const auto text = text_of(object, name);
  if (!text) return std::nullopt;
  Bytes bytes(base64url_bytes_max(text->size()));
  const auto decoded = decode_base64url(*text, bytes);
  if (!decoded) {
    OPENSSL_cleanse(bytes.data(), bytes.size());
    return std::nullopt;
  }
  bytes.resize(decoded->size());
  return bytes;
}

bssl::UniquePtr<BIGNUM> number_of(const Bytes& bytes) {
  return bssl::UniquePtr<BIGNUM>(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
}

bssl::UniquePtr<EVP_PKEY> rsa_key(const Object& jwk) {
  const auto n = bytes_of(jwk, "n");
  const auto e = bytes_of(jwk, "e");
  if (!n || !e || n->size() > kRsaBitsMax / 8) return nullptr;
  bssl::UniquePtr<RSA> rsa(RSA_new());
  auto modulus = number_of(*n);
  auto exponent = number_of(*e);
  if (!rsa || RSA_set0_key(rsa.get(), modulus.get(), exponent.get(), nullptr) != 1) return nullptr;
  (void)modulus.release();
  (void)exponent.release();
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  // Judges the modulus and the exponent, too.
  if (RSA_check_key(rsa.get()) != 1 || EVP_PKEY_set1_RSA(key.get(), rsa.get()) != 1) {
    return nullptr;
  }
  return key;
}

bssl::UniquePtr<EVP_PKEY> ec_key(const Object& jwk) {
  const auto x = bytes_of(jwk, "x");
  const auto y = bytes_of(jwk, "y");
  constexpr std::size_t kCoordinateBytes = 32;
  if (text_of(jwk, "crv") != "P-256" || !x || !y || x->size() != kCoordinateBytes ||
      y->size() != kCoordinateBytes) {
    return nullptr;
  }
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  // Refuses points that are not on the curve.
  if (!ec || EC_KEY_set_public_key_affine_coordinates(ec.get(), number_of(*x).get(),
                                                      number_of(*y).get()) != 1) {
    return nullptr;
  }
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (EVP_PKEY_set1_EC_KEY(key.get(), ec.get()) != 1) return nullptr;
  return key;
}

bssl::UniquePtr<EVP_PKEY> ed25519_key(const Object& jwk) {
  const auto x = bytes_of(jwk, "x");
  if (text_of(jwk, "crv") != "Ed25519" || !x) return nullptr;
  return bssl::UniquePtr<EVP_PKEY>(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, x->data(), x->size()));
}

// Nothing: a key for something else.
std::optional<std::expected<TokenKey, std::string>> key_of(const Object& jwk,
                                                           TokenAlgorithm fallback) {
  if (const auto use = text_of(jwk, "use"); use && *use != "sig") return std::nullopt;
  const auto kind = text_of(jwk, "kty");
  TokenAlgorithm algorithm = fallback;
  if (const auto named = text_of(jwk, "alg")) {
    const auto parsed = parse_token_algorithm(*named);
    if (!parsed) return std::nullopt;
    algorithm = *parsed;
  }
  std::string id(text_of(jwk, "kid").value_or(""));
  if (kind == "oct") {
    auto secret = bytes_of(jwk, "k");
    if (!secret) return std::unexpected("a secret (`oct`) is not one for HS256");
    std::expected<TokenKey, std::string> key =
        std::unexpected("a secret (`oct`) is not one for HS256");
    if (algorithm == TokenAlgorithm::hs256) key = TokenKey::from_secret(std::move(id), *secret);
    OPENSSL_cleanse(secret->data(), secret->size());
    return key;
  }
  bssl::UniquePtr<EVP_PKEY> key;
  if (kind == "RSA") key = rsa_key(jwk);
  if (kind == "EC") key = ec_key(jwk);
  if (kind == "OKP") key = ed25519_key(jwk);
  ERR_clear_error();
  if (!key) {
    const bool other_curve = kind == "EC" && text_of(jwk, "crv") != "P-256";
    const bool other_okp = kind == "OKP" && text_of(jwk, "crv") != "Ed25519";
    const bool known = kind == "RSA" || kind == "EC" || kind == "OKP";
    if (!known || other_curve || other_okp) return std::nullopt;
    return std::unexpected("a key cannot be read");
  }
  if (algorithm == TokenAlgorithm::by_key && kind == "EC") algorithm = TokenAlgorithm::es256;
  if (algorithm == TokenAlgorithm::by_key && kind == "OKP") algorithm = TokenAlgorithm::eddsa;
  return TokenKey::from_public_key(std::move(id), algorithm, std::move(key));
}

// A text and what a parser makes of it, both wiped: there may be secrets among its keys.
class WipedDocument {
 public:
  explicit WipedDocument(std::string_view text)
      : padded_(text.size() + simdjson::SIMDJSON_PADDING) {
    std::ranges::copy(text, padded_.begin());
    error_ = parser_.parse(padded_.data(), text.size(), false).get(root_);
  }
  ~WipedDocument() {
    OPENSSL_cleanse(padded_.data(), padded_.size());
    // At least as long as this, as the library documents it.
    std::uint8_t* const strings = parser_.doc.string_buf.get();
    if (strings != nullptr) OPENSSL_cleanse(strings, parser_.capacity());
  }
  WipedDocument(const WipedDocument&) = delete;
  WipedDocument& operator=(const WipedDocument&) = delete;

  [[nodiscard]] bool is_json() const { return error_ == simdjson::SUCCESS; }
  [[nodiscard]] simdjson::dom::element root() const { return root_; }

 private:
  std::vector<char> padded_;
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
  simdjson::error_code error_ = simdjson::SUCCESS;
};

Keys read_jwks(std::string_view text, TokenAlgorithm algorithm) {
  const WipedDocument document(text);
  if (!document.is_json()) return std::unexpected("it is not JSON");
  simdjson::dom::array list;
  if (document.root()["keys"].get(list) != simdjson::SUCCESS) {
    return std::unexpected("it is no JWKS document: it has no list of `keys`");
  }
  std::vector<TokenKey> keys;
  for (const simdjson::dom::element element : list) {
    Object jwk;
    if (element.get(jwk) != simdjson::SUCCESS) return std::unexpected("a key is no object");
    auto key = key_of(jwk, algorithm);
    if (!key) continue;
    if (!*key) return std::unexpected(std::move(key->error()));
    for (const TokenKey& other : keys) {
      if (other.id() == (*key)->id()) return std::unexpected("two keys have the same `kid`");
    }
    if (keys.size() == kTokenKeysMax) return std::unexpected("it has more than 64 keys");
    keys.push_back(std::move(**key));
  }
  if (keys.empty()) return std::unexpected("it has no key that tokens can be verified with");
  return keys;
}

Keys read_pem(std::string_view text, TokenAlgorithm algorithm) {
  const bssl::UniquePtr<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  bssl::UniquePtr<EVP_PKEY> key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!key) return std::unexpected("it is neither a JWKS document nor a PEM public key");
  auto made = TokenKey::from_public_key({}, algorithm, std::move(key));
  if (!made) return std::unexpected(std::move(made.error()));
  std::vector<TokenKey> keys;
  keys.push_back(std::move(*made));
  return keys;
}

}  // namespace

Keys read_token_keys(std::string_view text, TokenAlgorithm algorithm) {
  if (text.size() > kDocumentBytesMax) return std::unexpected("it is larger than 256 KiB");
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_json = first != text.npos && text[first] == '{';
  return is_json ? read_jwks(text, algorithm) : read_pem(text, algorithm);
}

}  // namespace headrace::policy
