// The base URL of a provider, judged and taken apart.
//
// Strict, because a URL that two readers read differently sends a credential to the wrong place: no
// user information, query or fragment; a host that is a name or a literal address in its one usual
// form (decimal, octal and hexadecimal forms of IPv4 are refused); a path without dot segments.
// Follows RFC 3986; the addresses that are allowed are address_rules.h's.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "policy/config/base_layout.h"

namespace headrace::policy::config {

struct ProviderUrl {
  Scheme scheme = Scheme::https;
  std::string host;        // lower case; an IPv6 address without brackets
  std::string host_field;  // for the Host field
  std::uint16_t port = 0;
  std::string path_prefix;  // "" or "/v1"
};

struct UrlComplaint {
  std::string message;  // completes "the URL ..."
  std::string remedy;
};

// `private_network`: may it be loopback, private, or plain http? `over_unix_socket`: the host is a
// name to show only, nothing is connected to it.
[[nodiscard]] std::expected<ProviderUrl, UrlComplaint> parse_provider_url(std::string_view url,
                                                                          bool private_network,
                                                                          bool over_unix_socket);

// A host name of letters, digits, hyphens and dots, with no label empty or too long, whose last
// label is not a number.
[[nodiscard]] bool is_host_name(std::string_view host);

// The URL again.
[[nodiscard]] std::string url_text(Scheme scheme, std::string_view host_field,
                                   std::string_view path_prefix);

}  // namespace headrace::policy::config
