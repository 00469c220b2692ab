#include "net/http/chunked_decoder.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/http/text.h"

namespace headrace::net::http {
namespace {

using namespace std::string_literals;

struct Decoded {
  std::string body;
  ChunkStatus status = ChunkStatus::need_more;
  ParseError error = ParseError::none;
  std::size_t consumed = 0;

  friend bool operator==(const Decoded&, const Decoded&) = default;
};

std::ostream& operator<<(std::ostream& out, const Decoded& decoded) {
  return out << "status " << static_cast<int>(decoded.status) << " ("
             << describe(decoded.error).message << ") consumed " << decoded.consumed << " body ["
             << decoded.body << "]";
}

// Feeds pieces of at most `piece` bytes, each in memory of its own, the first one `first` bytes.
Decoded decode_in_pieces(std::string_view text, std::size_t first, std::size_t piece) {
  Decoded decoded;
  ChunkedDecoder decoder;
  std::size_t take = first;
  while (decoded.consumed < text.size()) {
    const std::string bytes(text.substr(decoded.consumed, take));
    std::span<const std::byte> rest = as_bytes(bytes);
    while (!rest.empty()) {
      const ChunkStep step = decoder.next(rest);
      decoded.status = step.status;
      decoded.error = step.error;
      decoded.consumed += step.consumed;
      decoded.body += as_text(step.data);
      EXPECT_LE(step.consumed, rest.size());
      EXPECT_EQ(step.data.empty(), step.status != ChunkStatus::data);
      if (step.status == ChunkStatus::done || step.status == ChunkStatus::bad) return decoded;
      rest = rest.subspan(step.consumed);
      EXPECT_TRUE(step.status == ChunkStatus::data || rest.empty());
    }
    take = piece;
  }
  decoded.status = ChunkStatus::need_more;
  return decoded;
}

// The one outcome that every way of cutting the input agrees on.
Decoded decode(std::string_view text) {
  constexpr std::size_t kEveryCutUpTo = 300;
  const Decoded whole = decode_in_pieces(text, text.size(), text.size());
  EXPECT_EQ(decode_in_pieces(text, 1, 1), whole) << text;
  for (std::size_t cut = 1; cut < text.size() && text.size() < kEveryCutUpTo; ++cut) {
    EXPECT_EQ(decode_in_pieces(text, cut, text.size()), whole) << "cut at " << cut << ": " << text;
  }
  return whole;
}

TEST(ChunkedDecoder, GivesBackTheBodyAndLeavesTheNextMessageAlone) {
  const std::string body = "4\r\nWiki\r\n7\r\npedia i\r\nB\r\nn \r\nchunks.\r\n0\r\n\r\n";
  const Decoded decoded = decode(body + "GET / HTTP/1.1\r\n");
  EXPECT_EQ(decoded.status, ChunkStatus::done);
  EXPECT_EQ(decoded.body, "Wikipedia in \r\nchunks.");
  EXPECT_EQ(decoded.consumed, body.size());
}

TEST(ChunkedDecoder, HandsOutSlicesOfTheInputWithoutCopying) {
  const std::string text = "5\r\nhello\r\n";
  ChunkedDecoder decoder;
  const ChunkStep step = decoder.next(as_bytes(text));
  EXPECT_EQ(step.status, ChunkStatus::data);
  EXPECT_EQ(step.data.data(), as_bytes(text).data() + 3);
  EXPECT_EQ(step.data.size(), 5U);
  EXPECT_EQ(step.consumed, 8U);
}

TEST(ChunkedDecoder, SaysHowMuchOfAChunkIsStillToCome) {
  ChunkedDecoder decoder;
  EXPECT_EQ(decoder.chunk_remaining(), 0U);
  decoder.next(as_bytes("10\r\n"));
  EXPECT_EQ(decoder.chunk_remaining(), 16U);
  decoder.next(as_bytes("abc"));
  EXPECT_EQ(decoder.chunk_remaining(), 13U);
  EXPECT_FALSE(decoder.done());
}

TEST(ChunkedDecoder, CanBeReset) {
  ChunkedDecoder decoder;
  EXPECT_EQ(decoder.next(as_bytes("x")).status, ChunkStatus::bad);
  EXPECT_EQ(decoder.next(as_bytes("0\r\n\r\n")).status, ChunkStatus::bad);
  decoder.reset();
  EXPECT_EQ(decoder.next(as_bytes("0\r\n\r\n")).status, ChunkStatus::done);
  EXPECT_TRUE(decoder.done());
}

TEST(ChunkedDecoder, WaitsWhereverTheInputEnds) {
  const std::string text = "3;a=b\r\nabc\r\n0\r\nT: v\r\n\r\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(decode(std::string_view(text).substr(0, size)).status, ChunkStatus::need_more);
  }
  EXPECT_EQ(decode(text).status, ChunkStatus::done);
}

TEST(ChunkedDecoder, AcceptsExtensionsAndTrailersAndDropsThem) {
  for (const char* text :
       {"3;x\r\nabc\r\n0\r\n\r\n", "3;x=\"a b;c\"\r\nabc\r\n0;last\r\n\r\n",
        "3 ;x\r\nabc\r\n0\r\n\r\n", "3\t ; x = y\r\nabc\r\n0\r\n\r\n", "003\r\nabc\r\n000\r\n\r\n",
        "3\r\nabc\r\n0\r\nX-Sum: 1\r\nEmpty:\r\nLast: a\tb\xff\r\n\r\n"}) {
    const Decoded decoded = decode(text);
    EXPECT_EQ(decoded.status, ChunkStatus::done) << text;
    EXPECT_EQ(decoded.body, "abc") << text;
  }
}

TEST(ChunkedDecoder, RefusesWhatIsNotStrictlyFramed) {
  const std::vector<std::pair<std::string, ParseError>> rows = {
      {"\r\n", ParseError::chunk_size},
      {";x\r\n", ParseError::chunk_size},
      {" 3\r\n", ParseError::chunk_size},
      {"3 \r\n", ParseError::chunk_size},
      {"3 3\r\n", ParseError::chunk_size},
      {"0x3\r\n", ParseError::chunk_size},
      {"+3\r\n", ParseError::chunk_size},
      {"-3\r\n", ParseError::chunk_size},
      {"3,3\r\n", ParseError::chunk_size},
      {"3_0\r\n", ParseError::chunk_size},
      {"g\r\n", ParseError::chunk_size},
      {"3\0\r\n"s, ParseError::chunk_size},
      {"3\nabc", ParseError::chunk_size},
      {"3\r\rabc", ParseError::chunk_line_end},
      {"3\rabc", ParseError::chunk_line_end},
      {"3;a\rb\r\nabc", ParseError::chunk_line_end},
      {"3;a\nb\r\nabc", ParseError::chunk_extension},
      {"3;a\0b\r\nabc"s, ParseError::chunk_extension},
      {"3;\x7f\r\nabc", ParseError::chunk_extension},
      {"3\r\nabcd\r\n", ParseError::chunk_data_end},
      {"3\r\nabc\n0\r\n\r\n", ParseError::chunk_data_end},
      {"3\r\nabc\r0\r\n\r\n", ParseError::chunk_data_end},
      {"3\r\nabc0\r\n\r\n", ParseError::chunk_data_end},
      {"3\r\nabc\r\n\r\n", ParseError::chunk_size},
      {"0\r\n\n", ParseError::trailer_field},
      {"0\r\n\rX", ParseError::trailer_field},
      {"0\r\n folded\r\n\r\n", ParseError::trailer_field},
      {"0\r\nA: b\r\n c\r\n\r\n", ParseError::trailer_field},
      {"0\r\nA : b\r\n\r\n", ParseError::trailer_field},
      {"0\r\n: b\r\n\r\n", ParseError::trailer_field},
      {"0\r\nA\r\n\r\n", ParseError::trailer_field},
      {"0\r\nA: b\n\r\n", ParseError::trailer_field},
      {"0\r\nA: b\rc\r\n\r\n", ParseError::trailer_field},
      {"0\r\nA: \0\r\n\r\n"s, ParseError::trailer_field},
      {"0\r\nGET / HTTP/1.1\r\n\r\n", ParseError::trailer_field},
  };
  for (const auto& [text, error] : rows) {
    const Decoded decoded = decode(text);
    EXPECT_EQ(decoded.status, ChunkStatus::bad) << text;
    EXPECT_EQ(decoded.error, error) << describe(decoded.error).message << " for " << text;
  }
}

TEST(ChunkedDecoder, HoldsSizesToFifteenDigits) {
  ChunkedDecoder decoder;
  EXPECT_EQ(decoder.next(as_bytes("fffffffffffffff\r\n")).status, ChunkStatus::need_more);
  EXPECT_EQ(decoder.chunk_remaining(), 0xfffffffffffffffU);
  EXPECT_EQ(decode("000000000000003\r\nabc\r\n0\r\n\r\n").body, "abc");
  EXPECT_EQ(decode("0000000000000003\r\n").error, ParseError::chunk_size_too_large);
  EXPECT_EQ(decode("10000000000000003\r\n").error, ParseError::chunk_size_too_large);
  EXPECT_EQ(decode("ffffffffffffffff\r\n").error, ParseError::chunk_size_too_large);
}

TEST(ChunkedDecoder, BoundsTheExtensionOfOneChunk) {
  const auto with_extension = [](std::size_t bytes) {
    return "1;" + std::string(bytes - 1, 'x') + "\r\na\r\n0\r\n\r\n";
  };
  EXPECT_EQ(decode(with_extension(kChunkExtensionBytesMax)).status, ChunkStatus::done);
  EXPECT_EQ(decode(with_extension(kChunkExtensionBytesMax + 1)).error,
            ParseError::chunk_extension_too_long);
  EXPECT_EQ(decode("1" + std::string(kChunkExtensionBytesMax + 1, ' ')).error,
            ParseError::chunk_extension_too_long);
}

TEST(ChunkedDecoder, BoundsExtensionsBesideTheBodyTheyComeWith) {
  // 100 bytes of extension for each byte of body: refused in the end, though no line is long.
  std::string wasteful;
  for (int i = 0; i < 1000; ++i)
    wasteful += "1;" + std::string(99, 'x') + "\r\na\r\n";
  const Decoded decoded = decode(wasteful);
  EXPECT_EQ(decoded.error, ParseError::chunk_extension_too_long);
  EXPECT_NEAR(static_cast<double>(decoded.consumed),
              static_cast<double>(kChunkExtensionExcessMax) * 1.07, 300);
  // As much extension as body is fine for ever.
  std::string fair;
  for (int i = 0; i < 1000; ++i) {
    fair += "64;" + std::string(99, 'x') + "\r\n" + std::string(100, 'b') + "\r\n";
  }
  EXPECT_EQ(decode(fair).status, ChunkStatus::need_more);
}

TEST(ChunkedDecoder, BoundsAllTrailersTogether) {
  const auto with_trailers = [](std::size_t bytes) {
    std::string text = "0\r\n";
    std::size_t left = bytes;
    while (left > 0) {
      const std::size_t line = std::min<std::size_t>(left, 1024) - 5;
      text += "T: " + std::string(line, 't') + "\r\n";
      left -= line + 5;
    }
    return text + "\r\n";
  };
  EXPECT_EQ(decode(with_trailers(kTrailerBytesMax)).status, ChunkStatus::done);
  EXPECT_EQ(decode(with_trailers(kTrailerBytesMax + 6)).error, ParseError::trailers_too_large);
}

TEST(ChunkedDecoder, RefusesEveryByteThatIsNotHexAsASize) {
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    EXPECT_EQ(decode(std::string(1, c)).status == ChunkStatus::need_more, hex) << value;
  }
}

}  // namespace
}  // namespace headrace::net::http
