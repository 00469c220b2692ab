// What the handshake hands to the record layer: RFC 8446 section 7.1's application traffic secrets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <openssl/mem.h>

namespace headrace::net::tls {

inline constexpr std::size_t kSecretBytesMax = 48;  // SHA-384

struct Secret {
  std::array<std::uint8_t, kSecretBytesMax> bytes{};
  std::uint8_t size = 0;

  Secret() = default;
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  [[nodiscard]] std::span<const std::uint8_t> view() const { return {bytes.data(), size}; }
};

struct TrafficSecrets {
  Secret client;  // protects what the connecting side sends
  Secret server;
};

}  // namespace headrace::net::tls
