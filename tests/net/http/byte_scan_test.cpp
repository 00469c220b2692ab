#include "net/http/byte_scan.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::net::http {
namespace {

std::vector<std::size_t> slow_controls(std::string_view text, std::size_t from) {
  std::vector<std::size_t> offsets;
  for (std::size_t i = from; i < text.size(); ++i) {
    const auto value = static_cast<unsigned char>(text[i]);
    if ((value <= 31 && value != 9) || value == 127) offsets.push_back(i);
  }
  return offsets;
}

// Text in memory of exactly its size, at every alignment and length around the block sizes, with
// every byte value at every place.
TEST(ByteScan, BothVersionsFindExactlyTheControls) {
  for (std::size_t size = 0; size <= 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int value = 0; value < 256; ++value) {
        const auto memory = std::make_unique<char[]>(size);
        std::fill_n(memory.get(), size, static_cast<char>(0x80 + at));
        memory[at] = static_cast<char>(value);
        memory[size - 1 - at] = static_cast<char>(value);
        const std::string_view text(memory.get(), size);
        for (const std::size_t from : {std::size_t{0}, at}) {
          std::vector<std::size_t> wide;
          std::vector<std::size_t> portable;
          EXPECT_TRUE(visit_controls(text, from, [&](std::size_t offset) {
            wide.push_back(offset);
            return true;
          }));
          EXPECT_TRUE(visit_controls_portable(text, from, [&](std::size_t offset) {
            portable.push_back(offset);
            return true;
          }));
          ASSERT_EQ(wide, slow_controls(text, from)) << size << " " << at << " " << value;
          ASSERT_EQ(portable, wide) << size << " " << at << " " << value;
        }
        ASSERT_EQ(has_control(text), !slow_controls(text, 0).empty());
      }
    }
  }
}

TEST(ByteScan, HasABitForEachControlOfABlock) {
  for (std::size_t at = 0; at < 64; ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string block(64, '\x80');
      block[at] = static_cast<char>(value);
      block[63 - at] = static_cast<char>(value);
      ControlBits expected;
      for (const std::size_t place : slow_controls(block, 0)) {
        expected.all |= std::uint64_t{1} << place;
        if (value == '\n') expected.line_feeds |= std::uint64_t{1} << place;
      }
      const ControlBits found = control_bits(block.data());
      ASSERT_EQ(found.all, expected.all) << at << " " << value;
      ASSERT_EQ(found.line_feeds, expected.line_feeds) << at << " " << value;
    }
  }
}

TEST(ByteScan, StopsWhenTold) {
  const std::string text(64, '\n');
  int visits = 0;
  EXPECT_FALSE(visit_controls(text, 0, [&](std::size_t) { return ++visits < 3; }));
  EXPECT_EQ(visits, 3);
}

TEST(ByteScan, SkipsNothingButLettersDigitsAndHyphens) {
  const std::string_view plain = "-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int value = 0; value < 256; ++value) {
        const auto memory = std::make_unique<char[]>(size);
        for (std::size_t i = 0; i < size; ++i)
          memory[i] = plain[i % plain.size()];
        memory[at] = static_cast<char>(value);
        const std::string_view text(memory.get(), size);
        const std::size_t other = std::min(text.find_first_not_of(plain), size);
        const char* const stop = skip_plain_name(memory.get(), memory.get() + size);
        ASSERT_LE(stop, memory.get() + other) << size << " " << at << " " << value;
      }
    }
  }
}

TEST(ByteScan, FindsTheFirstCarriageReturn) {
  for (std::size_t size = 0; size <= 40; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      const auto memory = std::make_unique<char[]>(size);
      std::fill_n(memory.get(), size, 'x');
      for (std::size_t i = at; i < size; ++i)
        memory[i] = '\r';
      EXPECT_EQ(find_cr(memory.get(), memory.get() + size), memory.get() + at);
    }
  }
}

}  // namespace
}  // namespace headrace::net::http
