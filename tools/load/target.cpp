#include "tools/load/target.h"

#include <algorithm>
#include <memory>
#include <span>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include "core/parse_number.h"

namespace headrace::tools::load {
namespace {

using Parsed = std::expected<Target, std::string>;

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

bool is_loopback(const core::SocketAddress& address) {
  if (address.is_unix()) return true;
  if (address.family() == AF_INET) {
    const auto* ipv4 = reinterpret_cast<const sockaddr_in*>(address.native());
    return (ntohl(ipv4->sin_addr.s_addr) >> 24U) == 127;
  }
  const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(address.native());
  return IN6_IS_ADDR_LOOPBACK(&ipv6->sin6_addr);
}

std::expected<core::SocketAddress, std::string> resolve(const std::string& host,
                                                        std::uint16_t port) {
  if (auto literal = core::SocketAddress::from_ip(host, port)) return *literal;
  if (host == "localhost") return core::SocketAddress::from_ip("127.0.0.1", port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    return std::unexpected("cannot resolve " + quoted(host) + ": " + ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  auto address = core::SocketAddress::from_native(found->ai_addr, found->ai_addrlen);
  address.set_port(port);
  return address;
}

// "host:port", "host", "[::1]:port"
std::expected<void, std::string> split_authority(std::string_view authority, Target& target,
                                                 std::uint16_t& port) {
  target.authority = authority;
  const bool bracketed = authority.starts_with('[');
  const auto host_end = bracketed ? authority.find(']') : authority.find(':');
  target.host = authority.substr(bracketed ? 1 : 0, bracketed ? host_end - 1 : host_end);
  if (target.host.empty() || (bracketed && host_end == std::string_view::npos)) {
    return std::unexpected("there is no host in " + quoted(target.url));
  }
  const auto rest = host_end == std::string_view::npos
                        ? std::string_view()
                        : authority.substr(host_end + (bracketed ? 1 : 0));
  if (rest.empty()) return {};
  const auto number = core::parse_decimal(rest.substr(1), 65535);
  if (!rest.starts_with(':') || !number || *number == 0) {
    return std::unexpected("the port of " + quoted(target.url) + " is not 1 to 65535");
  }
  port = static_cast<std::uint16_t>(*number);
  return {};
}

Parsed parse_unix(Target target) {
  auto address = core::SocketAddress::parse(target.url);
  if (!address) return std::unexpected(address.error());
  target.address = *address;
  target.host = target.authority = "localhost";
  return target;
}

Parsed parse_http(Target target, Reach reach) {
  std::string_view rest = target.url;
  target.tls = rest.starts_with("https://");
  rest.remove_prefix(target.tls ? 8 : 7);
  const auto path_at = std::min(rest.find_first_of("/?"), rest.size());
  std::uint16_t port = target.tls ? 443 : 80;
  if (auto split = split_authority(rest.substr(0, path_at), target, port); !split) {
    return std::unexpected(split.error());
  }
  target.path = rest.substr(path_at);
  if (target.path.starts_with('?')) target.path.insert(0, "/");
  if (target.path == "/") target.path.clear();
  auto address = resolve(target.host, port);
  if (!address) return std::unexpected(address.error());
  target.address = *address;
  if (reach == Reach::loopback && !is_loopback(target.address)) {
    return std::unexpected(quoted(target.url) +
                           " is not on this machine. If it is yours to put under load, say so "
                           "with --allow-remote");
  }
  return target;
}

}  // namespace

Parsed parse_target(std::string_view text, Reach reach) {
  Target target;
  const auto equals = text.find('=');
  const auto colon = text.find(':');
  if (equals != std::string_view::npos && equals < colon) {
    target.label = text.substr(0, equals);
    text.remove_prefix(equals + 1);
  }
  target.url = text;
  if (target.label.empty()) target.label = text;
  if (text.starts_with("unix:")) return parse_unix(std::move(target));
  if (text.starts_with("http://") || text.starts_with("https://")) {
    return parse_http(std::move(target), reach);
  }
  return std::unexpected(quoted(text) + " is not http://..., https://... or unix:PATH");
}

}  // namespace headrace::tools::load
