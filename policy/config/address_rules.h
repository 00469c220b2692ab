// Which addresses a provider may have, so that a base URL cannot be turned against the network that
// the gateway stands in (server-side request forgery).
//
// Asked twice: by the compiler for addresses written in a URL, and by the data plane for every
// address that a provider's name resolves to, before connecting: a name may change its mind.
//
// Follows RFC 6890 and its registries; IPv4 inside IPv6 (mapped, 6to4, NAT64) is judged as the IPv4
// address that it means.
#pragma once

#include <cstdint>

#include "core/socket_address.h"

namespace headrace::policy::config {

enum class AddressClass : std::uint8_t {
  public_address,
  loopback,
  private_network,  // RFC 1918, RFC 6598 (shared), fc00::/7
  forbidden,        // link-local, metadata services, multicast, unspecified, reserved
};

// Of an IPv4 or IPv6 address; anything else is forbidden.
[[nodiscard]] AddressClass classify(const core::SocketAddress& address);

// May a provider be reached at this address? Loopback and private ones by its switch only.
[[nodiscard]] bool may_connect(AddressClass address_class, bool private_network_allowed);

}  // namespace headrace::policy::config
