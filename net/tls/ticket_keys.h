// The keys that session tickets are sealed under: the first seals, all of them open.
//
// A rotation puts a new secret first and keeps the old one second for a ticket's lifetime. The same
// secrets on several nodes, or before and after a restart, let clients resume everywhere. Without
// secrets a random one is made: make it once a process and pass it to every reload.
//
// Tickets are XChaCha20-Poly1305 under a key derived from the secret by HKDF-SHA256, with a random
// 24-byte nonce, so that no counter has to be shared between shards.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>

namespace headrace::net::tls {

inline constexpr std::size_t kTicketKeysMax = 8;
inline constexpr std::size_t kTicketSecretBytesMin = 32;

class TicketKeys {
 public:
  static constexpr std::size_t kNameBytes = 16;
  static constexpr std::size_t kKeyBytes = 32;
  struct Key {
    std::array<std::uint8_t, kNameBytes> name;  // public: tells which key sealed a ticket
    std::array<std::uint8_t, kKeyBytes> key;
  };

  // Each secret is at least kTicketSecretBytesMin bytes of randomness; the current one first.
  static std::expected<TicketKeys, std::string> from_secrets(
      std::span<const std::span<const std::byte>> secrets);
  static TicketKeys random();
  ~TicketKeys();  // wipes
  TicketKeys(const TicketKeys&) = default;
  TicketKeys& operator=(const TicketKeys&) = default;

  // The current one first; at least one.
  [[nodiscard]] std::span<const Key> all() const;

 private:
  TicketKeys() = default;
  std::array<Key, kTicketKeysMax> keys_{};
  std::size_t count_ = 0;
};

}  // namespace headrace::net::tls
