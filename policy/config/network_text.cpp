#include "policy/config/network_text.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>
#include <fmt/format.h>

namespace headrace::policy::config {
namespace {

constexpr std::size_t kUnixPathBytesMax = 107;  // sockaddr_un, less the terminator
constexpr std::uint8_t kIpv4PrefixBits = 96;    // of IPv4-mapped IPv6

bool is_mapped(const std::uint8_t* address) {
  static constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::equal(std::begin(kMapped), std::end(kMapped), address);
}

// Are all bits behind the prefix zero?
bool is_network_address(const IpBytes& address, unsigned prefix_bits) {
  for (unsigned bit = prefix_bits; bit < 128; ++bit) {
    if ((address[bit / 8] & (0x80U >> bit % 8)) != 0) return false;
  }
  return true;
}

}  // namespace

std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max) {
  if (text.empty() || text.front() == '-') return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

std::expected<ListenAddress, std::string> parse_listen_address(std::string_view text) {
  ListenAddress address;
  if (text.starts_with("unix:")) {
    const std::string_view path = text.substr(5);
    if (!path.starts_with('/')) return std::unexpected("needs an absolute path behind `unix:`");
    if (path.size() > kUnixPathBytesMax) {
      return std::unexpected(fmt::format("has a path longer than {} bytes", kUnixPathBytesMax));
    }
    address.unix_path = path;
    return address;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return std::unexpected("has no port: write it as `127.0.0.1:8080`");
  std::string_view host = text.substr(0, colon);
  const auto port = parse_decimal(text.substr(colon + 1), 65'535);
  if (!port) return std::unexpected("has no port between 0 and 65535");
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto ip = parse_ip(host);
  if (!ip || bracketed != host.contains(':')) {
    return std::unexpected(
        "is not a literal one: write `127.0.0.1:8080`, `[::1]:8080` or `unix:/path`");
  }
  address.ip = *ip;
  address.port = static_cast<std::uint16_t>(*port);
  return address;
}

std::expected<Network, std::string> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto ip = parse_ip(text.substr(0, slash));
  if (!ip) return std::unexpected("is not an IP address with a prefix, as `10.0.0.0/8`");
  const bool is_ipv4 = !text.substr(0, slash).contains(':');
  const unsigned shift = is_ipv4 ? kIpv4PrefixBits : 0;
  std::uint64_t prefix_bits = 128 - shift;
  if (slash != text.npos) {
    const auto given = parse_decimal(text.substr(slash + 1), prefix_bits);
    if (!given) return std::unexpected(fmt::format("has no prefix from 0 to {}", prefix_bits));
    prefix_bits = *given;
  }
  Network network{};
  network.prefix_bits = static_cast<std::uint8_t>(prefix_bits + shift);
  if (!is_network_address(*ip, network.prefix_bits)) {
    return std::unexpected("has bits set behind its prefix");
  }
  std::ranges::copy(*ip, network.address);
  return network;
}

std::string network_text(const Network& network) {
  char text[INET6_ADDRSTRLEN] = {};
  const bool is_ipv4 = is_mapped(network.address) && network.prefix_bits >= kIpv4PrefixBits;
  if (is_ipv4) {
    inet_ntop(AF_INET, network.address + 12, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, network.address, text, sizeof text);
  }
  return fmt::format("{}/{}", text, network.prefix_bits - (is_ipv4 ? kIpv4PrefixBits : 0));
}

}  // namespace headrace::policy::config
