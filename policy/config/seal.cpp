#include "policy/config/seal.h"

#include <cstring>
#include <memory>

#include <openssl/aead.h>
#include <openssl/base64.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <openssl/rand.h>

#include "core/check.h"
#include "policy/config/key_digest.h"

namespace headrace::policy::config {
namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
static_assert(kNonceBytes + kTagBytes == kSealOverheadBytes);

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

// A keyed digest for one purpose: derives the keys, the nonce and the fingerprint apart from each
// other. The context's length is part of it, so that context and plain text cannot be shifted.
Sha256 derive(const MasterKey& key, std::string_view purpose, std::string_view context = {},
              std::string_view plain = {}) {
  Sha256 digest;
  unsigned int length = 0;
  const std::uint64_t context_bytes = context.size();
  bssl::ScopedHMAC_CTX hmac;
  const bool done = HMAC_Init_ex(hmac.get(), key.bytes().data(), key.bytes().size(), EVP_sha256(),
                                 nullptr) == 1 &&
                    HMAC_Update(hmac.get(), bytes_of(purpose), purpose.size()) == 1 &&
                    HMAC_Update(hmac.get(), reinterpret_cast<const std::uint8_t*>(&context_bytes),
                                sizeof context_bytes) == 1 &&
                    HMAC_Update(hmac.get(), bytes_of(context), context.size()) == 1 &&
                    HMAC_Update(hmac.get(), bytes_of(plain), plain.size()) == 1 &&
                    HMAC_Final(hmac.get(), digest.bytes.data(), &length) == 1;
  HEADRACE_CHECK(done, "HMAC-SHA256 failed");
  return digest;
}

class Aead {
 public:
  explicit Aead(const MasterKey& key) {
    Sha256 sealing_key = derive(key, "headrace seal key");
    const bool ready =
        EVP_AEAD_CTX_init(context_.get(), EVP_aead_aes_256_gcm(), sealing_key.bytes.data(),
                          sealing_key.bytes.size(), kTagBytes, nullptr) == 1;
    OPENSSL_cleanse(sealing_key.bytes.data(), sealing_key.bytes.size());
    HEADRACE_CHECK(ready, "AES-256-GCM is not available");
  }
  EVP_AEAD_CTX* get() { return context_.get(); }

 private:
  bssl::ScopedEVP_AEAD_CTX context_;
};

}  // namespace

MasterKey::~MasterKey() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

MasterKey MasterKey::random() {
  MasterKey key;
  HEADRACE_CHECK(RAND_bytes(key.bytes_.data(), key.bytes_.size()) == 1);
  return key;
}

std::expected<MasterKey, std::string> MasterKey::parse(std::string_view text) {
  MasterKey key;
  if (auto digits = parse_digest(text)) {
    key.bytes_ = digits->bytes;
    OPENSSL_cleanse(digits->bytes.data(), digits->bytes.size());
    return key;
  }
  // 32 bytes in base64 are 44 characters, one of them padding; decoding needs room for 33.
  std::array<std::uint8_t, 33> decoded{};
  std::size_t length = 0;
  const bool good =
      text.size() == 44 &&
      EVP_DecodeBase64(decoded.data(), &length, decoded.size(), bytes_of(text), text.size()) == 1 &&
      length == kBytes;
  if (good) std::memcpy(key.bytes_.data(), decoded.data(), kBytes);
  OPENSSL_cleanse(decoded.data(), decoded.size());
  if (!good) {
    return std::unexpected(
        "a master key is 32 bytes, written as 64 hexadecimal digits or in base64; make one with "
        "`openssl rand -hex 32`");
  }
  return key;
}

std::uint64_t MasterKey::fingerprint() const {
  const Sha256 digest = derive(*this, "headrace key fingerprint");
  std::uint64_t fingerprint = 0;
  std::memcpy(&fingerprint, digest.bytes.data(), sizeof fingerprint);
  return fingerprint == 0 ? 1 : fingerprint;  // 0 means "no key" in a base
}

std::vector<std::byte> seal(const MasterKey& key, std::string_view context,
                            std::string_view plain) {
  const Sha256 nonce = derive(key, "headrace seal nonce", context, plain);
  std::vector<std::byte> sealed(plain.size() + kSealOverheadBytes);
  auto* out = reinterpret_cast<std::uint8_t*>(sealed.data());
  std::memcpy(out, nonce.bytes.data(), kNonceBytes);
  std::size_t length = 0;
  Aead aead(key);
  const bool done =
      EVP_AEAD_CTX_seal(aead.get(), out + kNonceBytes, &length, sealed.size() - kNonceBytes, out,
                        kNonceBytes, bytes_of(plain), plain.size(), bytes_of(context),
                        context.size()) == 1;
  HEADRACE_CHECK(done, "sealing failed");
  HEADRACE_CHECK(length == plain.size() + kTagBytes);
  return sealed;
}

std::expected<std::size_t, std::string> unseal(const MasterKey& key, std::string_view context,
                                               std::span<const std::byte> sealed,
                                               std::span<char> into) {
  if (sealed.size() < kSealOverheadBytes || into.size() < sealed.size() - kSealOverheadBytes) {
    return std::unexpected("a sealed secret has an impossible length");
  }
  const auto* in = reinterpret_cast<const std::uint8_t*>(sealed.data());
  std::size_t length = 0;
  Aead aead(key);
  if (EVP_AEAD_CTX_open(aead.get(), reinterpret_cast<std::uint8_t*>(into.data()), &length,
                        into.size(), in, kNonceBytes, in + kNonceBytes, sealed.size() - kNonceBytes,
                        bytes_of(context), context.size()) != 1) {
    return std::unexpected(
        "a sealed secret does not open: it was sealed with another master key, or changed since");
  }
  return length;
}

}  // namespace headrace::policy::config
