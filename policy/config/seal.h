// Secrets at rest: AES-256-GCM under a master key. What stands in a config base, on disk or in
// shared memory, is sealed; only the data plane unseals it, into its private memory.
//
//   +-----------+------------------------------+-----------+
//   | nonce 12  | ciphertext, as long as plain | tag 16    |
//   +-----------+------------------------------+-----------+
//
// The nonce is a keyed digest of context and plaintext: sealing is a pure function, the same config
// gives the same base, and no two different plaintexts share a nonce. The context (for instance
// "provider openai credential") is authenticated: a sealed value moved elsewhere does not open.
//
// Threads: pure functions. A MasterKey wipes itself; whoever unseals wipes the plain text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::policy::config {

inline constexpr std::size_t kSealOverheadBytes = 12 + 16;

class MasterKey {
 public:
  static constexpr std::size_t kBytes = 32;

  // 64 hexadecimal digits, or 32 bytes in base64. The error never repeats the text.
  static std::expected<MasterKey, std::string> parse(std::string_view text);
  // For a process that keeps its config to itself and was given no key.
  static MasterKey random();

  MasterKey(const MasterKey&) = default;
  MasterKey& operator=(const MasterKey&) = default;
  ~MasterKey();

  // Tells two keys apart without telling anything else of them: a base names the key that it needs.
  [[nodiscard]] std::uint64_t fingerprint() const;
  [[nodiscard]] std::span<const std::uint8_t, kBytes> bytes() const { return bytes_; }

 private:
  MasterKey() = default;
  std::array<std::uint8_t, kBytes> bytes_{};
};

[[nodiscard]] std::vector<std::byte> seal(const MasterKey& key, std::string_view context,
                                          std::string_view plain);

// Writes the plain text into `into`, which must hold sealed.size() - kSealOverheadBytes bytes;
// returns its length. Fails when the key or the context is another one or a bit was changed.
[[nodiscard]] std::expected<std::size_t, std::string> unseal(const MasterKey& key,
                                                             std::string_view context,
                                                             std::span<const std::byte> sealed,
                                                             std::span<char> into);

}  // namespace headrace::policy::config
