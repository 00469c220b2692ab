// CRC-32C (Castagnoli; RFC 3720 appendix B.4) of bytes: what guards records in memory that outlives
// a process and in files. It finds what accidents do to bytes, not what somebody does on purpose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace headrace::core {

// The checksum of `bytes` behind bytes whose checksum is `before`: crc32c(b, crc32c(a)) is that of
// a and b together.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace headrace::core
