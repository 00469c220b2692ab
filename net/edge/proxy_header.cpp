#include "net/edge/proxy_header.h"

#include <array>
#include <cstring>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "core/crc32c.h"

namespace headrace::net {
namespace {

using Status = ProxyHeaderStatus;

constexpr std::string_view kV1Begin = "PROXY ";
constexpr std::string_view kV2Begin("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kV2FixedBytes = 16;
constexpr std::uint8_t kTlvCrc32c = 0x03;

ProxyHeader bad() {
  return {.status = Status::bad};
}

// --- version 1 -----------------------------------------------------------------------------------

// Up to the next space, which is taken too.
std::optional<std::string_view> take_word(std::string_view& line) {
  const std::size_t end = line.find(' ');
  if (end == line.npos || end == 0) return std::nullopt;
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end + 1);
  return word;
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] == '0' && text.size() > 1)) return std::nullopt;
  std::uint32_t port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    port = port * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (port > 65'535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

std::optional<core::SocketAddress> address_of(std::string_view ip, std::uint16_t port, int family) {
  auto address = core::SocketAddress::from_ip(ip, port);
  if (!address || address->family() != family) return std::nullopt;
  return *address;
}

ProxyHeader parse_v1(std::string_view text) {
  const std::size_t end = text.substr(0, kProxyHeaderV1BytesMax).find("\r\n");
  if (end == text.npos) {
    const bool may_come = text.size() < kProxyHeaderV1BytesMax;
    return may_come ? ProxyHeader{.status = Status::incomplete} : bad();
  }
  ProxyHeader header{.status = Status::complete, .consumed = end + 2};
  std::string_view line = text.substr(kV1Begin.size(), end - kV1Begin.size());
  // Whatever stands behind UNKNOWN is to be passed over.
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return header;
  const auto protocol = take_word(line);
  const auto source = take_word(line);
  const auto destination = take_word(line);
  const auto source_port = take_word(line);
  if (!protocol || !source || !destination || !source_port) return bad();
  if (*protocol != "TCP4" && *protocol != "TCP6") return bad();
  const int family = *protocol == "TCP4" ? AF_INET : AF_INET6;
  const auto port = port_of(*source_port);
  const auto other_port = port_of(line);
  if (!port || !other_port) return bad();
  header.source = address_of(*source, *port, family);
  if (!header.source || !address_of(*destination, *other_port, family)) return bad();
  return header;
}

// --- version 2 -----------------------------------------------------------------------------------

std::uint8_t octet(std::span<const std::byte> bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}
std::uint16_t word(std::span<const std::byte> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(octet(bytes, at) << 8U | octet(bytes, at + 1));
}

// What follows the addresses: kind, length, value, to the end.
bool judge_tlvs(std::span<const std::byte> header, std::size_t at) {
  bool has_checksum = false;
  while (at < header.size()) {
    if (header.size() - at < 3) return false;
    const std::size_t bytes = word(header, at + 1);
    const std::size_t value = at + 3;
    if (header.size() - value < bytes) return false;
    if (octet(header, at) == kTlvCrc32c) {
      if (bytes != 4 || has_checksum) return false;
      has_checksum = true;
      // Of the header with zeros in the checksum's own place.
      constexpr std::array<std::byte, 4> kZeros{};
      const std::uint32_t before = core::crc32c(kZeros, core::crc32c(header.first(value)));
      const std::uint32_t said =
          std::uint32_t{word(header, value)} << 16U | word(header, value + 2);
      if (core::crc32c(header.subspan(value + 4), before) != said) return false;
    }
    at = value + bytes;
  }
  return true;
}

std::size_t address_bytes(std::uint8_t family) {
  switch (family) {
    case 1:
      return 12;
    case 2:
      return 36;
    case 3:
      return 216;
    default:
      return 0;
  }
}

ProxyHeader parse_v2(std::span<const std::byte> bytes) {
  if (bytes.size() < kV2FixedBytes) return {.status = Status::incomplete};
  const std::uint8_t version_and_command = octet(bytes, 12);
  const auto family = static_cast<std::uint8_t>(octet(bytes, 13) >> 4U);
  const auto transport = static_cast<std::uint8_t>(octet(bytes, 13) & 0x0FU);
  const std::size_t size = kV2FixedBytes + word(bytes, 14);
  if (version_and_command >> 4U != 2 || (version_and_command & 0x0FU) > 1) return bad();
  if (family > 3 || transport > 2 || (family == 0) != (transport == 0)) return bad();
  if (size > kProxyHeaderBytesMax) return bad();
  if (size - kV2FixedBytes < address_bytes(family)) return bad();
  if (bytes.size() < size) return {.status = Status::incomplete};
  const std::span<const std::byte> header = bytes.first(size);
  if (!judge_tlvs(header, kV2FixedBytes + address_bytes(family))) return bad();
  ProxyHeader result{.status = Status::complete, .consumed = size};
  const bool local = (version_and_command & 0x0FU) == 0;
  if (local || transport != 1) return result;
  if (family == 1) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, &header[16], 4);
    v4.sin_port = htons(word(header, 24));
    result.source = core::SocketAddress::from_native(reinterpret_cast<sockaddr*>(&v4), sizeof v4);
  } else if (family == 2) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, &header[16], 16);
    v6.sin6_port = htons(word(header, 48));
    result.source = core::SocketAddress::from_native(reinterpret_cast<sockaddr*>(&v6), sizeof v6);
  }
  return result;
}

}  // namespace

ProxyHeader parse_proxy_header(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto begins = [&](std::string_view begin) {
    return text.substr(0, begin.size()) == begin.substr(0, text.size());
  };
  if (begins(kV1Begin)) {
    return text.size() < kV1Begin.size() ? ProxyHeader{.status = Status::incomplete}
                                         : parse_v1(text);
  }
  if (begins(kV2Begin)) {
    return text.size() < kV2Begin.size() ? ProxyHeader{.status = Status::incomplete}
                                         : parse_v2(bytes);
  }
  return {.status = Status::absent};
}

}  // namespace headrace::net
