// Frames body bytes as chunks (RFC 9112 section 7.1): the size line goes before the bytes,
// kChunkEnd behind them, kLastChunk after the last.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headrace::net::http {

inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::size_t kChunkSizeLineBytesMax = 16 + 2;

// "1a3f\r\n", kept by value so that it can stand in an exchange until it is sent.
class ChunkSizeLine {
 public:
  ChunkSizeLine() = default;
  // A chunk of no bytes would end the body: bytes must not be 0.
  explicit ChunkSizeLine(std::uint64_t bytes);
  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, kChunkSizeLineBytesMax> text_{};
  std::uint8_t size_ = 0;
};

}  // namespace headrace::net::http
