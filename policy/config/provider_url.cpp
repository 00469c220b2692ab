#include "policy/config/provider_url.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "core/ascii.h"
#include "core/parse_number.h"
#include "core/socket_address.h"
#include "policy/config/address_rules.h"
#include "policy/config/path_pattern.h"

namespace headrace::policy::config {
namespace {

using Complaint = std::unexpected<UrlComplaint>;

Complaint complain(std::string message, std::string remedy = {}) {
  return Complaint(UrlComplaint{std::move(message), std::move(remedy)});
}

// "127.1", "0x7f000001", "2130706433", "010.0.0.1": what some resolvers read as an address.
bool ends_in_number(std::string_view host) {
  const std::string_view last = host.substr(host.rfind('.') + 1);
  return std::ranges::all_of(last, core::is_digit) || last.starts_with("0x");
}

bool is_local_name(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost");
}

// Names that clouds give to their metadata services.
bool is_metadata_name(std::string_view host) {
  return host == "metadata" || host == "instance-data" || host.starts_with("metadata.") ||
         host.starts_with("instance-data.");
}

struct Authority {
  std::string_view host;  // with brackets
  std::string_view port;  // empty: the scheme's
  bool has_port = false;
};

Authority split_authority(std::string_view authority) {
  // Behind a bracket only: IPv6 has colons of its own.
  const std::size_t from = authority.starts_with('[') ? authority.find(']') : 0;
  const std::size_t colon = from == authority.npos ? from : authority.find(':', from);
  if (colon == authority.npos) return {authority, {}, false};
  return {authority.substr(0, colon), authority.substr(colon + 1), true};
}

std::expected<void, UrlComplaint> judge_host(const ProviderUrl& url, bool bracketed,
                                             bool private_network) {
  static constexpr std::string_view kAllow =
      "if it is meant, say `private_network: true` for this provider";
  if (const auto ip = core::SocketAddress::from_ip(url.host, url.port)) {
    if (bracketed != url.host.contains(':')) return complain("has an address in the wrong form");
    const AddressClass address_class = classify(*ip);
    if (may_connect(address_class, private_network)) return {};
    if (address_class == AddressClass::forbidden) {
      return complain("names an address that no provider can have (link-local, metadata, reserved)",
                      "name the provider's own address");
    }
    return complain("names a loopback or private address", std::string(kAllow));
  }
  if (bracketed) return complain("has something in brackets that is not an IPv6 address");
  if (ends_in_number(url.host)) {
    return complain("has a host that is a number but not a plain IPv4 address",
                    "write four decimal numbers, as 192.168.1.10");
  }
  if (!is_host_name(url.host)) return complain("has a host that is not a name");
  if (is_metadata_name(url.host)) return complain("names a metadata service");
  if (is_local_name(url.host) && !private_network) {
    return complain("names this machine", std::string(kAllow));
  }
  return {};
}

}  // namespace

bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253 || ends_in_number(host)) return false;
  std::size_t label = 0;
  for (std::size_t i = 0; i < host.size(); ++i) {
    const char c = host[i];
    if (c == '.') {
      if (label == 0 || host[i - 1] == '-') return false;
      label = 0;
      continue;
    }
    if (!core::is_letter_or_digit(c) && c != '_' && (c != '-' || label == 0)) return false;
    if (++label > 63) return false;
  }
  return label != 0 && host.back() != '-';
}

std::expected<ProviderUrl, UrlComplaint> parse_provider_url(std::string_view text,
                                                            bool private_network,
                                                            bool over_unix_socket) {
  ProviderUrl url;
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    url.scheme = Scheme::http;
    rest.remove_prefix(7);
  } else {
    return complain("does not begin with `https://` or `http://`", "write `https://HOST`");
  }
  const auto odd = std::ranges::find_if(rest, [](char c) { return c <= ' ' || c > '~'; });
  if (odd != rest.end()) return complain("has a character that is not plain ASCII");
  if (rest.contains('?')) return complain("has a query", "use `query_add`");
  if (rest.contains('#')) return complain("has a fragment", "remove it");

  const std::size_t slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  std::string_view path = slash == rest.npos ? std::string_view() : rest.substr(slash);
  if (authority.contains('@')) {
    return complain("has a user name or password", "use `auth` and `credential`");
  }
  const Authority parts = split_authority(authority);
  const std::uint16_t scheme_port = url.scheme == Scheme::https ? 443 : 80;
  url.port = scheme_port;
  if (parts.has_port) {
    const auto port = core::parse_decimal(parts.port, UINT16_MAX);
    if (!port || *port == 0) return complain("has no port between 1 and 65535");
    url.port = static_cast<std::uint16_t>(*port);
  }
  const bool bracketed = parts.host.starts_with('[') && parts.host.ends_with(']');
  url.host = bracketed ? parts.host.substr(1, parts.host.size() - 2) : parts.host;
  std::ranges::transform(url.host, url.host.begin(), core::to_lower);
  if (url.host.empty()) return complain("has no host");
  if (auto good = judge_host(url, bracketed, private_network || over_unix_socket); !good) {
    return Complaint(std::move(good.error()));
  }
  if (url.scheme == Scheme::http && !private_network && !over_unix_socket) {
    return complain("is `http:`, which would show the credential to everybody on the way",
                    "use `https:`, or say `private_network: true` for this provider");
  }
  url.host_field = bracketed ? "[" + url.host + "]" : url.host;
  if (url.port != scheme_port) url.host_field += fmt::format(":{}", url.port);

  while (path.ends_with('/'))
    path.remove_suffix(1);
  if (!path.empty() && !is_unambiguous_path(path)) {
    return complain("has a path that could be read in two ways",
                    "remove dot segments, doubled slashes and encoded characters");
  }
  url.path_prefix = path;
  return url;
}

std::string url_text(Scheme scheme, std::string_view host_field, std::string_view path_prefix) {
  return fmt::format("{}://{}{}", scheme == Scheme::https ? "https" : "http", host_field,
                     path_prefix);
}

}  // namespace headrace::policy::config
