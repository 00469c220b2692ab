#include "policy/config/address_rules.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace headrace::policy::config {
namespace {

// Network byte order; IPv4 as IPv4-mapped IPv6.
using IpBytes = std::array<std::uint8_t, 16>;

struct Rule {
  IpBytes network;
  std::uint8_t prefix_bits;
  AddressClass address_class;
};

constexpr auto kLoopback = AddressClass::loopback;
constexpr auto kPrivate = AddressClass::private_network;
constexpr auto kForbidden = AddressClass::forbidden;

constexpr Rule ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                    std::uint8_t prefix_bits, AddressClass address_class) {
  return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d},
          static_cast<std::uint8_t>(prefix_bits + 96),
          address_class};
}

// The first rule that holds the address decides.
constexpr Rule kRules[] = {
    ipv4(0, 0, 0, 0, 8, kForbidden),           // "this network"
    ipv4(100, 100, 100, 200, 32, kForbidden),  // a cloud's metadata service in shared space
    ipv4(127, 0, 0, 0, 8, kLoopback),
    ipv4(10, 0, 0, 0, 8, kPrivate),
    ipv4(172, 16, 0, 0, 12, kPrivate),
    ipv4(192, 168, 0, 0, 16, kPrivate),
    ipv4(100, 64, 0, 0, 10, kPrivate),      // shared with a carrier (RFC 6598)
    ipv4(169, 254, 0, 0, 16, kForbidden),   // link-local, metadata services
    ipv4(192, 0, 0, 0, 24, kForbidden),     // protocol assignments
    ipv4(192, 0, 2, 0, 24, kForbidden),     // documentation
    ipv4(198, 51, 100, 0, 24, kForbidden),  // documentation
    ipv4(203, 0, 113, 0, 24, kForbidden),   // documentation
    ipv4(192, 88, 99, 0, 24, kForbidden),   // 6to4 relays
    ipv4(198, 18, 0, 0, 15, kForbidden),    // benchmarks
    ipv4(224, 0, 0, 0, 3, kForbidden),      // multicast, reserved, broadcast
    ipv4(0, 0, 0, 0, 0, AddressClass::public_address),
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, kLoopback},
    {{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, 128, kForbidden},
    {{0xfc}, 7, kPrivate},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, kForbidden},  // documentation
    {{0x20, 0x01, 0x00, 0x00}, 23, kForbidden},  // protocol assignments, Teredo
    {{0x20}, 3, AddressClass::public_address},   // 2000::/3, all that is given out
};

bool in_network(const IpBytes& address, const Rule& rule) {
  const std::size_t whole = rule.prefix_bits / 8U;
  if (std::memcmp(address.data(), rule.network.data(), whole) != 0) return false;
  const unsigned rest = rule.prefix_bits % 8U;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff00U >> rest);
  return (address[whole] & mask) == (rule.network[whole] & mask);
}

bool begins_with(const IpBytes& address, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), address.begin());
}

IpBytes map_ipv4(const void* four_bytes) {
  IpBytes mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
  std::memcpy(mapped.data() + 12, four_bytes, 4);
  return mapped;
}

AddressClass classify_bytes(const IpBytes& address) {
  // Translated by a gateway on the way: what counts is where it ends.
  if (begins_with(address, {0x20, 0x02})) return classify_bytes(map_ipv4(&address[2]));  // 6to4
  if (begins_with(address, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {          // NAT64
    return classify_bytes(map_ipv4(&address[12]));
  }
  for (const Rule& rule : kRules) {
    if (in_network(address, rule)) return rule.address_class;
  }
  return AddressClass::forbidden;
}

}  // namespace

AddressClass classify(const core::SocketAddress& address) {
  const auto bytes = address.ip_bytes();
  return bytes ? classify_bytes(*bytes) : AddressClass::forbidden;
}

bool may_connect(AddressClass address_class, bool private_network_allowed) {
  switch (address_class) {
    case AddressClass::public_address:
      return true;
    case AddressClass::loopback:
    case AddressClass::private_network:
      return private_network_allowed;
    case AddressClass::forbidden:
      return false;
  }
  return false;
}

}  // namespace headrace::policy::config
