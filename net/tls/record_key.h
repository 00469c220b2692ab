// The protection of one direction of an established TLS 1.3 connection, in short form.
//
// RFC 8446 section 5.2 and 5.3 (records, nonces), 7.2 and 7.3 (key derivation), 5.5 (limits).
//
// Threads:    one shard.
// Invariants: a sequence number is used once under a key; the key changes before its limit.
// Memory:     the expanded form is the workspace's (expanded_keys.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <openssl/aead.h>

#include "net/tls/expanded_keys.h"
#include "net/tls/traffic_secrets.h"
#include "net/tls/workspace.h"

namespace headrace::net::tls {

// The cipher suites of RFC 8446 appendix B.4 that BoringSSL negotiates.
enum class RecordSuite : std::uint16_t {
  aes_128_gcm_sha256 = 0x1301,
  aes_256_gcm_sha384 = 0x1302,
  chacha20_poly1305_sha256 = 0x1303,
};

[[nodiscard]] std::optional<RecordSuite> record_suite(std::uint16_t iana_number);

inline constexpr std::size_t kRecordHeaderBytes = 5;
inline constexpr std::size_t kRecordTagBytes = 16;
// What may have been sealed under one key before it must change: 2^24 full records stay below the
// bound of RFC 8446 section 5.5 for AES-GCM (2^24.5).
inline constexpr std::uint64_t kRecordsPerKeyMax = std::uint64_t{1} << 24;

class RecordKey {
 public:
  // `sequence` counts the records that this key has protected already.
  RecordKey(RecordSuite suite, const Secret& secret, std::uint64_t sequence);
  ~RecordKey();
  RecordKey(const RecordKey&) = delete;
  RecordKey& operator=(const RecordKey&) = delete;

  // Fills `header` and seals `plaintext` (may be where it goes: directly behind the header) with
  // its content type into `room`, which holds header, plaintext, content type and tag.
  void seal(std::uint8_t content_type, std::span<const std::byte> plaintext,
            std::span<std::byte> room, Workspace& workspace);
  // Opens a whole record, header included: into `into` where that is large enough, otherwise where
  // it lies. What it held: content with its type byte and padding; none when it does not
  // authenticate.
  [[nodiscard]] std::optional<std::span<std::byte>> open(std::span<std::byte> record,
                                                         std::span<std::byte> into,
                                                         Workspace& workspace);
  // On to the next generation: RFC 8446 section 7.2.
  void update(Workspace& workspace);
  // Not used any more: its expanded form is wiped.
  void retire(Workspace& workspace);
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }

 private:
  void derive();
  const EVP_AEAD_CTX* expanded(Workspace& workspace);
  [[nodiscard]] std::array<std::uint8_t, 12> next_nonce();

  std::uint64_t sequence_;
  ExpandedKeys::Place place_;
  Secret secret_;
  std::array<std::uint8_t, 32> key_;
  std::array<std::uint8_t, 12> nonce_base_;
  RecordSuite suite_;
};

}  // namespace headrace::net::tls
