// The words of every answer: an endless text made of tokens, the same for the same seed.
//
// A token is a word or mark with the blank before it, kept as it stands inside a JSON string
// (escapes included), so that answers are put together by copying. Counting its tokens is exact by
// construction: the usage that an answer reports is the number of tokens that it was made of.
// Threads: built once, then read by all shards.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::tools::mock {

enum class ProseKind : std::uint8_t {
  plain,   // words of several languages and scripts
  tricky,  // as plain, and now and then text that looks like framing or usage
};

class Prose {
 public:
  Prose(std::uint64_t seed, ProseKind kind);

  // Tokens `first` to `first + count - 1` as JSON text, appended.
  void put(std::string& out, std::uint64_t first, std::uint64_t count) const;
  [[nodiscard]] std::uint64_t bytes(std::uint64_t first, std::uint64_t count) const;
  // The most tokens from `first` on that take at most `bytes_max`.
  [[nodiscard]] std::uint64_t tokens_within(std::uint64_t first, std::uint64_t bytes_max) const;

  static constexpr std::uint64_t kTokens = 8192;  // then the text begins again

 private:
  std::string text_;
  std::vector<std::uint32_t> starts_;  // of each token in text_, and the end of the last
};

}  // namespace headrace::tools::mock
