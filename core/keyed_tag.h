// A 128-bit tag of bytes under a secret key, to tell messages apart where somebody may choose them:
// two different messages have the same one with a probability below their length / 2^128, however
// they were chosen, as long as the key stays secret and no tag is ever shown.
//
// GMAC (NIST SP 800-38D) with one nonce for all. That is safe for this use only: the tags are
// compared among each other and never leave the process, so there is no second message to learn the
// key from.
//
// Threads: belongs to one. Allocates when it is made, never afterwards.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace headrace::core {

class KeyedTag {
 public:
  static constexpr std::size_t kKeyBytes = 16;
  static constexpr std::size_t kBlockBytes = 16;  // pieces of whole blocks are the quickest
  using Tag = std::array<std::uint64_t, 2>;

  explicit KeyedTag(std::span<const std::byte, kKeyBytes> key);
  ~KeyedTag();
  KeyedTag(const KeyedTag&) = delete;
  KeyedTag& operator=(const KeyedTag&) = delete;

  // begin(), then the message in any pieces, then end().
  void begin();
  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  [[nodiscard]] Tag end();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace headrace::core
