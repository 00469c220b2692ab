// Addresses as they are written in a config: where to listen, and networks.
//
// Threads: pure functions. Only literal addresses: what a listener is bound to and whom it trusts
// must not depend on a name server.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "policy/config/address_rules.h"
#include "policy/config/base_layout.h"

namespace headrace::policy::config {

struct ListenAddress {
  std::string unix_path;  // empty: TCP
  IpBytes ip{};
  std::uint16_t port = 0;

  // Reachable from this machine only?
  [[nodiscard]] bool is_local() const {
    return !unix_path.empty() || classify(ip) == AddressClass::loopback;
  }
};

// "127.0.0.1:8080", "[::1]:8080", "unix:/run/x.sock". The error completes "the address ...".
[[nodiscard]] std::expected<ListenAddress, std::string> parse_listen_address(std::string_view text);

// "10.0.0.0/8", "fd00::/8" or a single address. The error completes "the network ...".
[[nodiscard]] std::expected<Network, std::string> parse_network(std::string_view text);
[[nodiscard]] std::string network_text(const Network& network);

// Decimal digits without sign or leading zeros, at most `max`; else nothing.
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max);

}  // namespace headrace::policy::config
