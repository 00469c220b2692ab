// One signature with a private key, carried from a shard to an attendant and back.
//
// Threads:  made on a shard, run() on any one thread, given back to the session on the shard. It
//           shares nothing with the session meanwhile, so the connection may die before it returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

struct evp_pkey_st;

namespace headrace::net::tls {

class KeyOperation {
 public:
  KeyOperation(evp_pkey_st* key, std::uint16_t signature_algorithm, const std::uint8_t* input,
               std::size_t input_bytes);
  ~KeyOperation();
  KeyOperation(const KeyOperation&) = delete;
  KeyOperation& operator=(const KeyOperation&) = delete;

  // Signs. Milliseconds for large RSA keys. Never called twice.
  void run() noexcept;

  [[nodiscard]] bool has_run() const { return has_run_; }
  // Empty when signing failed.
  [[nodiscard]] const std::vector<std::uint8_t>& signature() const { return signature_; }

  // For whoever carries it: which connection waits for it.
  std::uint64_t owner = 0;

 private:
  evp_pkey_st* key_;
  std::vector<std::uint8_t> input_;
  std::vector<std::uint8_t> signature_;
  std::uint16_t signature_algorithm_;
  bool has_run_ = false;
};

}  // namespace headrace::net::tls
