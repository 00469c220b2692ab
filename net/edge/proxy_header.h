// The header of HAProxy's PROXY protocol, versions 1 and 2: a proxy's word, before anything else,
// on whose connection it passes on.
//
//   1:  "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"          at most 107 bytes
//   2:  signature (12) | 2, command | family, transport | length (2) | addresses | TLVs
//
// Strict: numbers and addresses in their one spelling, families that fit, TLVs that fill what is
// left exactly, and their CRC-32C where there is one. What cannot be read is bad, never passed over
// as the beginning of something else.
//
// Threads: pure. The bytes are borrowed for the call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/socket_address.h"

namespace headrace::net {

enum class ProxyHeaderStatus : std::uint8_t {
  complete,
  incomplete,  // more bytes decide
  absent,      // this is something else
  bad,
};

struct ProxyHeader {
  ProxyHeaderStatus status = ProxyHeaderStatus::bad;
  std::size_t consumed = 0;  // bytes that it has, when complete
  // Whose connection it is; nothing: the proxy's own (a health check), or it cannot say.
  std::optional<core::SocketAddress> source = {};
};

inline constexpr std::size_t kProxyHeaderV1BytesMax = 107;
// Addresses of Unix sockets, and half a kilobyte of TLVs: real ones have a third of that.
inline constexpr std::size_t kProxyHeaderBytesMax = 16 + 216 + 512;

// The same bytes and more give the same answer: it may be called for each piece that comes.
[[nodiscard]] ProxyHeader parse_proxy_header(std::span<const std::byte> bytes);

}  // namespace headrace::net
