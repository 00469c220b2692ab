#include "core/socket_address.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "core/check.h"
#include "core/parse_number.h"

namespace headrace::core {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr socklen_t kPathOffset = offsetof(sockaddr_un, sun_path);

template <class Native>
Native native_as(const SocketAddress& address) {
  Native native{};
  std::memcpy(&native, address.native(), sizeof(native));
  return native;
}

template <class Native>
SocketAddress address_of(const Native& native) {
  return SocketAddress::from_native(reinterpret_cast<const sockaddr*>(&native), sizeof(native));
}

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

std::expected<SocketAddress, std::string> parse_unix(std::string_view path) {
  sockaddr_un native{};
  native.sun_family = AF_UNIX;
  if (path.empty()) return std::unexpected(std::string("a Unix socket needs a path behind unix:"));
  if (path.size() >= sizeof(native.sun_path)) {
    return std::unexpected("the path of a Unix socket has at most " +
                           std::to_string(sizeof(native.sun_path) - 1) + " bytes: " + quoted(path));
  }
  if (path.find('\0') != std::string_view::npos) {
    return std::unexpected(std::string("the path of a Unix socket holds a NUL byte"));
  }
  path.copy(native.sun_path, path.size());
  return SocketAddress::from_native(reinterpret_cast<const sockaddr*>(&native),
                                    kPathOffset + static_cast<socklen_t>(path.size()) + 1);
}

}  // namespace

std::expected<SocketAddress, std::string> SocketAddress::parse(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return parse_unix(text.substr(kUnixPrefix.size()));

  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return std::unexpected(quoted(text) + " has no port: write it as address:port");
  }
  std::string_view ip = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  const auto port = parse_decimal(port_text, UINT16_MAX);
  if (!port) {
    return std::unexpected(quoted(port_text) + " in " + quoted(text) +
                           " is no port: a number from 0 to 65535");
  }
  const bool bracketed = ip.size() >= 2 && ip.front() == '[' && ip.back() == ']';
  if (bracketed) ip = ip.substr(1, ip.size() - 2);
  if (bracketed != (ip.find(':') != std::string_view::npos)) {
    return std::unexpected(quoted(text) +
                           " is ambiguous: an IPv6 address stands in brackets, [::1]:8080");
  }
  return from_ip(ip, static_cast<std::uint16_t>(*port));
}

std::expected<SocketAddress, std::string> SocketAddress::from_ip(std::string_view ip,
                                                                 std::uint16_t port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (ip.size() < text.size() && ip.find('\0') == std::string_view::npos) {
    ip.copy(text.data(), ip.size());
    sockaddr_in v4{};
    if (::inet_pton(AF_INET, text.data(), &v4.sin_addr) == 1) {
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      return address_of(v4);
    }
    sockaddr_in6 v6{};
    if (::inet_pton(AF_INET6, text.data(), &v6.sin6_addr) == 1) {
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      return address_of(v6);
    }
  }
  return std::unexpected(quoted(ip) + " is no IP address (names are not resolved here)");
}

SocketAddress SocketAddress::from_native(const sockaddr* address, socklen_t length) {
  SocketAddress result;
  result.length_ = std::min<socklen_t>(length, sizeof(result.storage_));
  std::memcpy(&result.storage_, address, result.length_);
  return result;
}

std::optional<std::array<std::uint8_t, 16>> SocketAddress::ip_bytes() const {
  std::array<std::uint8_t, 16> bytes{};
  switch (family()) {
    case AF_INET: {
      const auto native = native_as<sockaddr_in>(*this);
      bytes[10] = bytes[11] = 0xFF;
      std::memcpy(bytes.data() + 12, &native.sin_addr, 4);
      return bytes;
    }
    case AF_INET6: {
      const auto native = native_as<sockaddr_in6>(*this);
      std::memcpy(bytes.data(), &native.sin6_addr, bytes.size());
      return bytes;
    }
    default:
      return std::nullopt;
  }
}

std::uint16_t SocketAddress::port() const {
  switch (family()) {
    case AF_INET:
      return ntohs(native_as<sockaddr_in>(*this).sin_port);
    case AF_INET6:
      return ntohs(native_as<sockaddr_in6>(*this).sin6_port);
    default:
      return 0;
  }
}

void SocketAddress::set_port(std::uint16_t port) {
  if (family() == AF_INET) {
    auto native = native_as<sockaddr_in>(*this);
    native.sin_port = htons(port);
    *this = address_of(native);
  } else if (family() == AF_INET6) {
    auto native = native_as<sockaddr_in6>(*this);
    native.sin6_port = htons(port);
    *this = address_of(native);
  }
}

std::string SocketAddress::ip_text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family() == AF_INET) {
    const auto native = native_as<sockaddr_in>(*this);
    ::inet_ntop(AF_INET, &native.sin_addr, text.data(), text.size());
  } else if (family() == AF_INET6) {
    const auto native = native_as<sockaddr_in6>(*this);
    ::inet_ntop(AF_INET6, &native.sin6_addr, text.data(), text.size());
  } else if (is_unix()) {
    return std::string(kUnixPrefix);
  }
  return text.data();
}

std::string SocketAddress::text() const {
  switch (family()) {
    case AF_INET:
      return ip_text() + ":" + std::to_string(port());
    case AF_INET6:
      return "[" + ip_text() + "]:" + std::to_string(port());
    case AF_UNIX: {
      if (length_ <= kPathOffset) return std::string(kUnixPrefix);  // a socket without a name
      const std::size_t bytes = length_ - kPathOffset;
      return std::string(kUnixPrefix)
          .append(storage_.un.sun_path, ::strnlen(storage_.un.sun_path, bytes));
    }
    default:
      return {};
  }
}

bool operator==(const SocketAddress& a, const SocketAddress& b) {
  if (a.family() != b.family()) return false;
  if (a.family() == AF_INET) {
    const auto x = native_as<sockaddr_in>(a);
    const auto y = native_as<sockaddr_in>(b);
    return x.sin_port == y.sin_port && x.sin_addr.s_addr == y.sin_addr.s_addr;
  }
  if (a.family() == AF_INET6) {
    const auto x = native_as<sockaddr_in6>(a);
    const auto y = native_as<sockaddr_in6>(b);
    return x.sin6_port == y.sin6_port && x.sin6_scope_id == y.sin6_scope_id &&
           std::memcmp(&x.sin6_addr, &y.sin6_addr, sizeof(x.sin6_addr)) == 0;
  }
  return a.text() == b.text();
}

}  // namespace headrace::core
