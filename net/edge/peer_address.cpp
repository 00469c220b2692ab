#include "net/edge/peer_address.h"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace headrace::net {

PeerAddress::PeerAddress(const core::SocketAddress& address) {
  if (address.family() == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address.native());
    bytes_[10] = bytes_[11] = 0xff;
    std::memcpy(&bytes_[12], &v4->sin_addr, 4);
    port_ = ntohs(v4->sin_port);
    known_ = true;
  } else if (address.family() == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address.native());
    std::memcpy(bytes_.data(), &v6->sin6_addr, bytes_.size());
    port_ = ntohs(v6->sin6_port);
    known_ = true;
  }
}

core::SocketAddress PeerAddress::address() const {
  sockaddr_in6 native{};
  native.sin6_family = AF_INET6;
  native.sin6_port = htons(port_);
  std::memcpy(&native.sin6_addr, bytes_.data(), bytes_.size());
  return core::SocketAddress::from_native(reinterpret_cast<const sockaddr*>(&native),
                                          sizeof native);
}

std::string_view PeerAddress::text(std::span<char, kTextBytesMax> out) const {
  static constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0,    0,
                                                                 0, 0, 0, 0, 0xff, 0xff};
  if (!known_) return "unix";
  const bool mapped = std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes_.begin());
  if (mapped) {
    // Written in every log line, so not by inet_ntop(), which goes through printf.
    char* at = out.data();
    for (std::size_t i = 12; i < bytes_.size(); ++i) {
      if (i > 12) *at++ = '.';
      const unsigned number = bytes_[i];
      if (number >= 100) *at++ = static_cast<char>('0' + number / 100);
      if (number >= 10) *at++ = static_cast<char>('0' + number / 10 % 10);
      *at++ = static_cast<char>('0' + number % 10);
    }
    return {out.data(), static_cast<std::size_t>(at - out.data())};
  }
  const char* text = inet_ntop(AF_INET6, bytes_.data(), out.data(), kTextBytesMax);
  return text == nullptr ? std::string_view("unknown") : std::string_view(text);
}

}  // namespace headrace::net
