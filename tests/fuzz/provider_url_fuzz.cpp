// Base URLs of providers: what is taken leads where a plain reading of it says, and nowhere inside.
#include <cstdint>
#include <string>

#include "core/socket_address.h"
#include "policy/config/address_rules.h"
#include "policy/config/provider_url.h"
#include "tests/fuzz/fuzz_check.h"

namespace headrace::fuzz {
namespace {

using namespace policy::config;

void try_url(std::string_view text, bool private_network) {
  const auto url = parse_provider_url(text, private_network, false);
  if (!url) {
    FUZZ_CHECK(!url.error().message.empty());
    return;
  }
  // The plain reading: scheme, then the host up to the first slash or its port.
  const std::string_view scheme = url->scheme == Scheme::https ? "https://" : "http://";
  FUZZ_CHECK(text.starts_with(scheme));
  const std::string_view rest = text.substr(scheme.size());
  const std::string_view authority = rest.substr(0, rest.find('/'));
  for (const char c : authority)
    FUZZ_CHECK(c > ' ' && c < 0x7f && c != '@' && c != '\\');
  FUZZ_CHECK(authority.size() >= url->host.size());
  FUZZ_CHECK(url->port != 0);
  FUZZ_CHECK(url->path_prefix.empty() || url->path_prefix.starts_with('/'));
  FUZZ_CHECK(!url->path_prefix.ends_with('/'));
  FUZZ_CHECK(!(url->path_prefix + "/").contains("/../"));
  FUZZ_CHECK(!url->path_prefix.contains("//"));

  const auto ip = core::SocketAddress::from_ip(url->host, url->port);
  if (ip) FUZZ_CHECK(may_connect(classify(*ip), private_network));
  if (!private_network) {
    FUZZ_CHECK(url->scheme == Scheme::https);
    FUZZ_CHECK(!url->host.ends_with("localhost") || url->host.size() > 9);
  }
  // Printed and read again it is the same.
  const auto again = parse_provider_url(url_text(url->scheme, url->host_field, url->path_prefix),
                                        private_network, false);
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(again->host == url->host && again->port == url->port);
  FUZZ_CHECK(again->host_field == url->host_field && again->path_prefix == url->path_prefix);
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  headrace::fuzz::try_url(text, false);
  headrace::fuzz::try_url(text, true);
  return 0;
}
