#include "core/cidr.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>

#include "core/parse_number.h"

namespace headrace::core {

namespace {

constexpr unsigned kIpv4InIpv6Bits = 96;
constexpr std::uint64_t kIpv4InIpv6Mark = 0xFFFF;  // ::ffff:0:0/96: the upper half of word 1

std::uint64_t big_endian_word(const std::uint8_t* bytes) {
  std::uint64_t word = 0;
  for (int i = 0; i < 8; ++i)
    word = word << 8U | bytes[i];
  return word;
}

bool is_mapped_ipv4(const std::array<std::uint64_t, 2>& words) {
  return words[0] == 0 && words[1] >> 32U == kIpv4InIpv6Mark;
}

IpBits bits_of(const std::array<std::uint64_t, 2>& words) {
  if (is_mapped_ipv4(words)) return {.high = words[1] << 32U, .low = 0, .ipv4 = true};
  return {.high = words[0], .low = words[1], .ipv4 = false};
}

// The first `bits` of a word set, 0 to 64.
std::uint64_t leading_bits(unsigned bits) {
  return bits == 0 ? 0 : ~std::uint64_t{0} << (64 - bits);
}

}  // namespace

std::optional<IpBits> ip_bits(const SocketAddress& address) {
  Cidr::Words words;
  if (!Cidr::words_of(address, words)) return std::nullopt;
  return bits_of(words);
}

// A range wider than all of mapped IPv4 (::/0 and its like) is one of IPv6.
IpBits Cidr::bits() const {
  if (prefix_bits_ < kIpv4InIpv6Bits)
    return {.high = network_[0], .low = network_[1], .ipv4 = false};
  return bits_of(network_);
}

unsigned Cidr::prefix_bits() const {
  return bits().ipv4 ? prefix_bits_ - kIpv4InIpv6Bits : prefix_bits_;
}

bool Cidr::words_of(const SocketAddress& address, Words& words) {
  if (address.family() == AF_INET) {
    sockaddr_in native{};
    std::memcpy(&native, address.native(), sizeof(native));
    words = {0, kIpv4InIpv6Mark << 32U | ntohl(native.sin_addr.s_addr)};
    return true;
  }
  if (address.family() == AF_INET6) {
    sockaddr_in6 native{};
    std::memcpy(&native, address.native(), sizeof(native));
    words = {big_endian_word(native.sin6_addr.s6_addr),
             big_endian_word(native.sin6_addr.s6_addr + 8)};
    return true;
  }
  return false;
}

std::expected<Cidr, std::string> Cidr::parse(std::string_view text) {
  const auto wrong = [&](const char* why) {
    return std::unexpected("\"" + std::string(text) + "\" is no range of addresses: " + why);
  };
  const std::size_t slash = text.find('/');
  const auto address = SocketAddress::from_ip(text.substr(0, slash), 0);
  if (!address) return wrong("no IP address stands before the prefix length");
  const bool v4 = address->family() == AF_INET;
  const unsigned bits_max = v4 ? 32 : 128;
  unsigned bits = bits_max;
  if (slash != std::string_view::npos) {
    const std::string_view length = text.substr(slash + 1);
    const auto parsed = parse_decimal(length, bits_max);
    // Who reads a leading zero as that of an octal number reads another range.
    const bool padded = length.size() > 1 && length.front() == '0';
    if (!parsed || padded)
      return wrong(v4 ? "the prefix length is 0 to 32" : "the prefix length is 0 to 128");
    bits = static_cast<unsigned>(*parsed);
  }
  Cidr range;
  range.prefix_bits_ = v4 ? bits + kIpv4InIpv6Bits : bits;
  range.mask_ = {leading_bits(std::min(range.prefix_bits_, 64U)),
                 leading_bits(range.prefix_bits_ - std::min(range.prefix_bits_, 64U))};
  words_of(*address, range.network_);
  for (std::size_t i = 0; i < range.network_.size(); ++i) {
    if ((range.network_[i] & ~range.mask_[i]) != 0) return wrong("bits are set behind the prefix");
  }
  return range;
}

bool Cidr::contains(const Words& words) const {
  return (words[0] & mask_[0]) == network_[0] && (words[1] & mask_[1]) == network_[1];
}

bool Cidr::contains(const SocketAddress& address) const {
  Words words;
  return words_of(address, words) && contains(words);
}

std::string Cidr::text() const {
  const bool v4 =
      prefix_bits_ >= kIpv4InIpv6Bits && network_[0] == 0 && network_[1] >> 32U == kIpv4InIpv6Mark;
  SocketAddress address;
  if (v4) {
    sockaddr_in native{};
    native.sin_family = AF_INET;
    native.sin_addr.s_addr = htonl(static_cast<std::uint32_t>(network_[1]));
    address = SocketAddress::from_native(reinterpret_cast<sockaddr*>(&native), sizeof(native));
  } else {
    sockaddr_in6 native{};
    native.sin6_family = AF_INET6;
    for (unsigned i = 0; i < 16; ++i) {
      native.sin6_addr.s6_addr[i] =
          static_cast<std::uint8_t>(network_[i / 8] >> (56 - 8 * (i % 8)));
    }
    address = SocketAddress::from_native(reinterpret_cast<sockaddr*>(&native), sizeof(native));
  }
  return address.ip_text() + "/" +
         std::to_string(v4 ? prefix_bits_ - kIpv4InIpv6Bits : prefix_bits_);
}

bool CidrList::contains(const SocketAddress& address) const {
  Cidr::Words words;
  if (!Cidr::words_of(address, words)) return false;
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [&](const Cidr& range) { return range.contains(words); });
}

}  // namespace headrace::core
