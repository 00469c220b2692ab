// Ranges of IP addresses: "10.0.0.0/8", "2001:db8::/32", "192.0.2.7" (one address).
//
// An IPv4 address mapped into IPv6 (::ffff:192.0.2.7), as dual-stack sockets report them, matches
// and is matched as the IPv4 address that it is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/socket_address.h"

namespace headrace::core {

// An IP address as bits, the first one leftmost; of IPv4 the first 32 of `high`. One that is mapped
// into IPv6 is an IPv4 address.
struct IpBits {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool ipv4 = false;
};
// Empty for what is no IP address: Unix sockets.
[[nodiscard]] std::optional<IpBits> ip_bits(const SocketAddress& address);

class Cidr {
 public:
  // Strict: decimal prefix length within the family's, no bits set behind it. The error is words
  // for an operator.
  static std::expected<Cidr, std::string> parse(std::string_view text);

  // False for Unix sockets and for the other family.
  [[nodiscard]] bool contains(const SocketAddress& address) const;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] IpBits bits() const;
  // Of the address's own family: 0 to 32, or to 128.
  [[nodiscard]] unsigned prefix_bits() const;

  friend bool operator==(const Cidr&, const Cidr&) = default;

 private:
  friend class CidrList;
  friend std::optional<IpBits> ip_bits(const SocketAddress& address);
  using Words = std::array<std::uint64_t, 2>;  // IPv6 bits, first word first; IPv4 mapped into it

  static bool words_of(const SocketAddress& address, Words& words);
  [[nodiscard]] bool contains(const Words& words) const;

  Words network_{};
  Words mask_{};
  unsigned prefix_bits_ = 0;  // of the 128
};

// A short list, searched from front to back: trusted proxies and the like, up to some dozens.
class CidrList {
 public:
  void add(const Cidr& range) { ranges_.push_back(range); }
  [[nodiscard]] bool contains(const SocketAddress& address) const;
  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] std::size_t size() const { return ranges_.size(); }

 private:
  std::vector<Cidr> ranges_;
};

}  // namespace headrace::core
