// What the TLS sessions of one shard share: counters and expanded record keys.
//
// Threads:    one shard.
// Lifetime:   outlives its sessions.
// Memory:     planned_bytes(slots) at start-up, nothing afterwards. Sessions keep their record keys
//             in short form; the expanded form (key schedule and hash table, some 600 bytes) is
//             held here for the connections that were active last, so that an idle one costs none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace headrace::net::tls {

struct Counters {
  std::uint64_t handshakes_full = 0;
  std::uint64_t handshakes_resumed = 0;
  std::uint64_t handshakes_failed = 0;
  std::uint64_t records_opened = 0;    // decryptions
  std::uint64_t records_sealed = 0;    // encryptions
  std::uint64_t bytes_opened = 0;      // plaintext
  std::uint64_t bytes_sealed = 0;      // plaintext
  std::uint64_t bytes_copied_in = 0;   // received bytes copied besides decrypting
  std::uint64_t bytes_copied_out = 0;  // bytes to send copied besides encrypting
  std::uint64_t key_updates = 0;       // RFC 8446 4.6.3, either direction
  std::uint64_t key_expansions = 0;    // record keys expanded because no slot held them
  std::uint64_t key_operations = 0;    // signatures sent to an attendant
};

class ExpandedKeys;

class Workspace {
 public:
  static constexpr std::size_t kKeySlotsDefault = 512;  // two a connection

  explicit Workspace(std::size_t key_slots = kKeySlotsDefault);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  [[nodiscard]] static std::size_t planned_bytes(std::size_t key_slots = kKeySlotsDefault);
  [[nodiscard]] const Counters& counters() const { return counters_; }

  // For sessions.
  [[nodiscard]] Counters& count() { return counters_; }
  [[nodiscard]] ExpandedKeys& expanded_keys() { return *expanded_keys_; }

 private:
  Counters counters_;
  std::unique_ptr<ExpandedKeys> expanded_keys_;
};

}  // namespace headrace::net::tls
