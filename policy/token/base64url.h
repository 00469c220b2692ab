// Base64url without padding (RFC 4648 section 5, as RFC 7515 has it), read strictly: one text for
// each value, so that a token cannot be written in two ways.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace headrace::policy {

// What `text` decodes to at most.
[[nodiscard]] constexpr std::size_t base64url_bytes_max(std::size_t characters) {
  return characters / 4 * 3 + 2;
}

// The part of `into` that was filled. Empty for other characters, padding, an impossible length,
// bits that are left over and not zero, or too little room.
[[nodiscard]] std::optional<std::span<std::uint8_t>> decode_base64url(std::string_view text,
                                                                      std::span<std::uint8_t> into);

}  // namespace headrace::policy
