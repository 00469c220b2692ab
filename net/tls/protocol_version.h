// The versions of TLS that we speak, as the protocol numbers them (RFC 8446 section 4.2.1).
#pragma once

#include <cstdint>

namespace headrace::net::tls {

enum class ProtocolVersion : std::uint16_t { tls_1_2 = 0x0303, tls_1_3 = 0x0304 };

}  // namespace headrace::net::tls
