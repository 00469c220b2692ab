// What a relay does with the pieces of a stream that a meter gives it.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "policy/dialect/stream_meter.h"

namespace headrace::policy {

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct MeteredRelay {
  explicit MeteredRelay(Endpoint endpoint, StreamOptions with = {})
      : options(with), meter(endpoint, with) {}

  void pass(std::string_view stream, std::size_t slice_bytes = 1 << 20) {
    for (std::size_t at = 0; at < stream.size(); at += slice_bytes) {
      const std::string slice(stream.substr(at, slice_bytes));
      meter.feed(bytes_of(slice));
      while (const auto piece = meter.next()) {
        const std::string bytes = text_of(piece->bytes);
        // Of an array a word that is held may turn out to be over.
        EXPECT_TRUE(!bytes.empty() || (meter.form() == StreamForm::json_array && !held.empty()));
        ++pieces;
        switch (piece->verdict) {
          case StreamPiece::Verdict::forward:
            sent += held + bytes;
            held.clear();
            break;
          case StreamPiece::Verdict::drop:
            EXPECT_TRUE(options.strip_usage_chunk);
            held.clear();
            break;
          case StreamPiece::Verdict::hold:
            held += bytes;
            break;
        }
        EXPECT_EQ(meter.held_bytes(), held.size());
        held_most = std::max(held_most, held.size());
      }
    }
  }

  const StreamOptions options;
  StreamMeter meter;
  std::string sent;
  std::string held;
  std::size_t held_most = 0;
  std::size_t pieces = 0;
};

inline constexpr std::size_t kSliceSizes[] = {1, 2, 3, 7, 16, 64, 100, 1 << 20};

// The end of a chat stream, with its usage.
inline const std::string kChatUsage =
    R"(data: {"id":"c","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,)"
    R"("total_tokens":21,"prompt_tokens_details":{"cached_tokens":4}}})"
    "\n\n";
inline const std::string kDone = "data: [DONE]\n\n";

}  // namespace headrace::policy
