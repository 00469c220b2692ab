#include "core/keyed_tag.h"

#include <algorithm>
#include <climits>

#include <openssl/cipher.h>

#include "core/check.h"

namespace headrace::core {

namespace {

constexpr std::array<std::uint8_t, 12> kNonce{};

}  // namespace

struct KeyedTag::Context {
  bssl::ScopedEVP_CIPHER_CTX cipher;
};

KeyedTag::KeyedTag(std::span<const std::byte, kKeyBytes> key)
    : context_(std::make_unique<Context>()) {
  const int made =
      EVP_EncryptInit_ex(context_->cipher.get(), EVP_aes_128_gcm(), nullptr,
                         reinterpret_cast<const std::uint8_t*>(key.data()), kNonce.data());
  HEADRACE_CHECK(made == 1);
}

KeyedTag::~KeyedTag() = default;

void KeyedTag::begin() {
  const int begun =
      EVP_EncryptInit_ex(context_->cipher.get(), nullptr, nullptr, nullptr, kNonce.data());
  HEADRACE_CHECK(begun == 1);
}

void KeyedTag::add(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t part = std::min<std::size_t>(bytes.size(), INT_MAX);
    int written = 0;
    const int added = EVP_EncryptUpdate(context_->cipher.get(), nullptr, &written,
                                        reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                        static_cast<int>(part));
    HEADRACE_CHECK(added == 1);
    bytes = bytes.subspan(part);
  }
}

KeyedTag::Tag KeyedTag::end() {
  Tag tag{};
  std::uint8_t none = 0;
  int written = 0;
  const int ended = EVP_EncryptFinal_ex(context_->cipher.get(), &none, &written);
  HEADRACE_CHECK(ended == 1);
  const int got =
      EVP_CIPHER_CTX_ctrl(context_->cipher.get(), EVP_CTRL_AEAD_GET_TAG, sizeof tag, tag.data());
  HEADRACE_CHECK(got == 1);
  return tag;
}

}  // namespace headrace::core
