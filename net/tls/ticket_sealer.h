// Seals session tickets under the first of the ticket keys and opens those of all of them.
//
//      ticket = name of the key (16) | nonce (24) | sealed session | tag (16)
//
// Threads:  immutable; used by all shards at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <openssl/aead.h>

#include "net/tls/ticket_keys.h"

namespace headrace::net::tls {

class TicketSealer {
 public:
  static constexpr std::size_t kNonceBytes = 24;
  static constexpr std::size_t kTagBytes = 16;
  static constexpr std::size_t kOverheadBytes = TicketKeys::kNameBytes + kNonceBytes + kTagBytes;

  explicit TicketSealer(const TicketKeys& keys);
  ~TicketSealer();
  TicketSealer(const TicketSealer&) = delete;
  TicketSealer& operator=(const TicketSealer&) = delete;

  // Bytes written; none when `into` is too small. `session` may be the front of `into`.
  [[nodiscard]] std::optional<std::size_t> seal(std::span<const std::uint8_t> session,
                                                std::span<std::uint8_t> into) const;
  // Bytes written; none when no key of ours sealed it, or it was damaged.
  [[nodiscard]] std::optional<std::size_t> open(std::span<const std::uint8_t> ticket,
                                                std::span<std::uint8_t> into) const;

 private:
  TicketKeys keys_;
  std::vector<EVP_AEAD_CTX> sealers_;  // one a key, in the same order
};

}  // namespace headrace::net::tls
