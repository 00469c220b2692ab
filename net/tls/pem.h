// PEM blocks (RFC 7468) of a certificate or key file.
//
// Threads:  any but a shard. Errors: a sentence for an operator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <vector>

#include <openssl/base.h>

namespace headrace::net::tls {

inline constexpr std::size_t kPemBlocksMax = 4096;
inline constexpr std::size_t kPemBytesMax = 16 << 20;

struct PemBlock {
  std::string label;  // "CERTIFICATE", "PRIVATE KEY" ...
  std::vector<std::uint8_t> der;
  bool encrypted = false;  // by the old "Proc-Type" header or as "ENCRYPTED PRIVATE KEY"

  PemBlock() = default;
  PemBlock(PemBlock&&) = default;
  PemBlock& operator=(PemBlock&&) = default;
  ~PemBlock();  // wipes: it may be a key
};

// All blocks of a file; text between blocks is skipped, as every reader of PEM does.
std::expected<std::vector<PemBlock>, std::string> parse_pem(std::span<const std::byte> file);

}  // namespace headrace::net::tls
