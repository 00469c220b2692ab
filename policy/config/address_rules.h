// Which addresses a provider may have, so that a base URL cannot be turned against the network that
// the gateway stands in (server-side request forgery).
//
// Asked twice: by the compiler for addresses written in a URL, and by the data plane for every
// address that a provider's name resolves to, before connecting: a name may change its mind.
//
// Follows RFC 6890 and its registries; IPv4 inside IPv6 (mapped, 6to4, NAT64) is judged as the IPv4
// address that it means.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace headrace::policy::config {

enum class AddressClass : std::uint8_t {
  public_address,
  loopback,
  private_network,  // RFC 1918, RFC 6598 (shared), fc00::/7
  forbidden,        // link-local, metadata services, multicast, unspecified, reserved
};

// Network byte order; IPv4 as IPv4-mapped IPv6.
using IpBytes = std::array<std::uint8_t, 16>;

[[nodiscard]] AddressClass classify(const IpBytes& address);
[[nodiscard]] IpBytes map_ipv4(std::span<const std::uint8_t, 4> address);
// A literal address, without brackets, port or zone; strict dotted decimal for IPv4.
[[nodiscard]] std::optional<IpBytes> parse_ip(std::string_view text);

// May a provider be reached at this address? Loopback and private ones by its switch only.
[[nodiscard]] bool may_connect(AddressClass address_class, bool private_network_allowed);

}  // namespace headrace::policy::config
