// The digest under which a secret key is known: SHA-256. Keys themselves are never kept.
//
// Threads: pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace headrace::policy::config {

struct Sha256 {
  std::array<std::uint8_t, 32> bytes{};
};
static_assert(sizeof(Sha256) == 32);

// About 60 ns for a key of 48 bytes.
[[nodiscard]] Sha256 key_digest(std::string_view key);

// Takes the same time wherever the digests differ.
[[nodiscard]] bool equal_in_constant_time(const Sha256& left, const Sha256& right);

// 64 hexadecimal digits, lower case; reads both cases.
[[nodiscard]] std::string digest_text(const Sha256& digest);
[[nodiscard]] std::optional<Sha256> parse_digest(std::string_view text);

}  // namespace headrace::policy::config
