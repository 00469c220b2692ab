// The expanded record keys of the connections that were active last.
//
//      RecordKey (in the session: key, nonce base, sequence)  -- slot, stamp -->  Slot (here)
//
// A session's key names the slot that it was expanded into and the stamp of that expansion. Another
// session may have taken the slot meanwhile: then the stamps differ and the key is expanded again
// (some 130 ns for AES). Slots are given up in second-chance order.
//
// Threads:  one shard. Memory: planned, none allocated after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <openssl/aead.h>

namespace headrace::net::tls {

class ExpandedKeys {
 public:
  // Where an expanded key was last seen; part of a session's short key.
  struct Place {
    std::uint64_t stamp = 0;  // 0: nowhere
    std::uint32_t slot = 0;
  };

  explicit ExpandedKeys(std::size_t slots);
  ~ExpandedKeys();
  ExpandedKeys(const ExpandedKeys&) = delete;
  ExpandedKeys& operator=(const ExpandedKeys&) = delete;

  // The key in its slot, null when it is in none (any more). Good until the next expand().
  const EVP_AEAD_CTX* find(const Place& place) {
    Slot& slot = slots_[place.slot];
    if (place.stamp == 0 || slot.stamp != place.stamp) return nullptr;
    slot.used = true;
    return &slot.context;
  }
  // Puts it into a slot.
  const EVP_AEAD_CTX* expand(Place& place, const EVP_AEAD* algorithm,
                             std::span<const std::uint8_t> key);
  // Wipes the slot: the key is no longer in use.
  void forget(Place& place);

  [[nodiscard]] static std::size_t planned_bytes(std::size_t slots) { return slots * sizeof(Slot); }

 private:
  struct Slot {
    EVP_AEAD_CTX context;
    std::uint64_t stamp = 0;
    bool used = false;
  };

  std::unique_ptr<Slot[]> slots_;
  std::size_t count_;
  std::size_t hand_ = 0;
  std::uint64_t last_stamp_ = 0;
};

}  // namespace headrace::net::tls
