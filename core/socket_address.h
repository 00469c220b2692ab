// An address that a socket is bound or connected to: IPv4, IPv6 or a Unix path. A value; no names
// are resolved here.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include <sys/socket.h>
#include <sys/un.h>

namespace headrace::core {

class SocketAddress {
 public:
  SocketAddress() = default;

  // "127.0.0.1:8080", "[::1]:8080" or "unix:/run/headrace.sock". The error says what is wrong in
  // words fit for an operator.
  static std::expected<SocketAddress, std::string> parse(std::string_view text);
  // A literal IP address (no brackets) and a port; empty on anything else.
  static std::expected<SocketAddress, std::string> from_ip(std::string_view ip, std::uint16_t port);
  static SocketAddress from_native(const sockaddr* address, socklen_t length);

  [[nodiscard]] const sockaddr* native() const {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }
  [[nodiscard]] socklen_t native_length() const { return length_; }
  [[nodiscard]] int family() const { return length_ == 0 ? AF_UNSPEC : storage_.un.sun_family; }
  [[nodiscard]] bool is_unix() const { return family() == AF_UNIX; }
  [[nodiscard]] bool empty() const { return length_ == 0; }

  [[nodiscard]] std::uint16_t port() const;
  void set_port(std::uint16_t port);
  // 16 bytes in network order, IPv4 as IPv4-mapped IPv6; empty for a Unix socket.
  [[nodiscard]] std::optional<std::array<std::uint8_t, 16>> ip_bytes() const;
  // The address alone, without port or brackets ("::1"); a Unix socket is "unix:".
  [[nodiscard]] std::string ip_text() const;
  // As parse() reads it.
  [[nodiscard]] std::string text() const;

  friend bool operator==(const SocketAddress& a, const SocketAddress& b);

 private:
  union Storage {
    sockaddr_un un;
    sockaddr_storage any;
  };
  Storage storage_{};
  socklen_t length_ = 0;
};

}  // namespace headrace::core
