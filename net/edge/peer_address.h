// Who is at the other end, in 20 bytes: one stands in every connection. IPv4 is held as
// IPv4-mapped IPv6; a Unix socket has no address.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/socket_address.h"

namespace headrace::net {

class PeerAddress {
 public:
  static constexpr std::size_t kTextBytesMax = 46;

  PeerAddress() = default;
  explicit PeerAddress(const core::SocketAddress& address);

  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] std::span<const std::uint8_t, 16> bytes() const { return bytes_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  // An IPv4 one as IPv4-mapped IPv6, as dual-stack sockets report it.
  [[nodiscard]] core::SocketAddress address() const;
  // Without port or brackets; "unix" where there is none. A view of `out`.
  [[nodiscard]] std::string_view text(std::span<char, kTextBytesMax> out) const;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  std::uint16_t port_ = 0;
  bool known_ = false;
};

}  // namespace headrace::net
