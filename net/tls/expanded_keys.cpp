#include "net/tls/expanded_keys.h"

#include <openssl/mem.h>

#include "core/check.h"

namespace headrace::net::tls {

ExpandedKeys::ExpandedKeys(std::size_t slots)
    : slots_(std::make_unique_for_overwrite<Slot[]>(slots)), count_(slots) {
  HEADRACE_CHECK(slots >= 2, "a connection uses two keys at a time");
}

ExpandedKeys::~ExpandedKeys() {
  for (std::size_t i = 0; i < count_; ++i) {
    if (slots_[i].stamp != 0) OPENSSL_cleanse(&slots_[i].context, sizeof slots_[i].context);
  }
}

const EVP_AEAD_CTX* ExpandedKeys::expand(Place& place, const EVP_AEAD* algorithm,
                                         std::span<const std::uint8_t> key) {
  // At most one round: each slot passed loses its second chance.
  while (slots_[hand_].used) {
    slots_[hand_].used = false;
    hand_ = (hand_ + 1) % count_;
  }
  Slot& slot = slots_[hand_];
  if (slot.stamp != 0) EVP_AEAD_CTX_cleanup(&slot.context);
  EVP_AEAD_CTX_zero(&slot.context);
  const int expanded = EVP_AEAD_CTX_init(&slot.context, algorithm, key.data(), key.size(),
                                         EVP_AEAD_DEFAULT_TAG_LENGTH, nullptr);
  HEADRACE_CHECK(expanded == 1, "a record key of the length that its algorithm wants");
  slot.stamp = ++last_stamp_;
  slot.used = true;
  place = {.stamp = slot.stamp, .slot = static_cast<std::uint32_t>(hand_)};
  hand_ = (hand_ + 1) % count_;
  return &slot.context;
}

void ExpandedKeys::forget(Place& place) {
  if (place.stamp != 0 && slots_[place.slot].stamp == place.stamp) {
    Slot& slot = slots_[place.slot];
    EVP_AEAD_CTX_cleanup(&slot.context);
    OPENSSL_cleanse(&slot.context, sizeof slot.context);
    slot.stamp = 0;
    slot.used = false;
  }
  place = {};
}

}  // namespace headrace::net::tls
