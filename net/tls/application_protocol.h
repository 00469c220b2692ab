// The protocols that ALPN (RFC 7301) may choose between.
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::net::tls {

enum class ApplicationProtocol : std::uint8_t { none, http_1_1, h2 };

[[nodiscard]] constexpr std::string_view alpn_name(ApplicationProtocol protocol) {
  switch (protocol) {
    case ApplicationProtocol::none:
      return "";
    case ApplicationProtocol::http_1_1:
      return "http/1.1";
    case ApplicationProtocol::h2:
      return "h2";
  }
  return "";
}

}  // namespace headrace::net::tls
