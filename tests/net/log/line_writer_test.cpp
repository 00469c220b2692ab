#include "net/log/line_writer.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace headrace::net {
namespace {

std::string written(std::string_view value) {
  std::array<char, 256> room;
  LineWriter line(room.data());
  line.text(",\"x\":\"", value);
  return {room.data(), line.at()};
}

// Eight bytes are looked at together: any of them may be the one that needs it.
TEST(LineWriter, EscapesEveryByteThatNeedsItWhereverItStands) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    std::string escaped(1, c);
    if (c == '"' || c == '\\') escaped.insert(escaped.begin(), '\\');
    if (byte < 0x20 || byte >= 0x7f) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      escaped = std::string("\\u00") + kDigits[byte >> 4U] + kDigits[byte & 15U];
    }
    for (std::size_t at = 0; at < 20; ++at) {
      const std::string before(at, 'a');
      const std::string behind(19 - at, '~');
      EXPECT_EQ(written(before + c + behind), ",\"x\":\"" + before + escaped + behind + '"');
    }
  }
}

}  // namespace
}  // namespace headrace::net
