// Content types and secrets of records that tests seal and open themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "net/tls/record_key.h"
#include "net/tls/traffic_secrets.h"

namespace headrace::net::tls::test {

inline constexpr std::uint8_t kAlertType = 21;
inline constexpr std::uint8_t kHandshakeType = 22;
inline constexpr std::uint8_t kDataType = 23;

inline Secret secret(std::uint8_t fill, RecordSuite suite) {
  Secret made;
  made.size = suite == RecordSuite::aes_256_gcm_sha384 ? 48 : 32;
  made.bytes.fill(fill);
  return made;
}

inline std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

}  // namespace headrace::net::tls::test
