#include "core/hash.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

// From the algorithm's own test vectors: the figures must be the same on every machine and in every
// version, because they stand in files.
TEST(Hash, IsXxh3) {
  EXPECT_EQ(hash64(std::string_view()), 0x2D06800538D394C2U);
  const Hash128 empty = hash128(std::string_view());
  EXPECT_EQ(empty.high, 0x99AA06D3014798D8U);
  EXPECT_EQ(empty.low, 0x6001C324468D497FU);
}

TEST(Hash, TextAndItsBytesAreTheSame) {
  const std::string text = "the quick brown fox";
  EXPECT_EQ(hash64(text, 5), hash64(std::as_bytes(std::span(text)), 5));
  EXPECT_EQ(hash128(text, 5), hash128(std::as_bytes(std::span(text)), 5));
}

TEST(Hash, TwoWordsAndTheirBytesAreTheSame) {
  const std::array<std::uint64_t, 2> words = {0x0123'4567'89ab'cdefU, 42};
  EXPECT_EQ(hash64(words), hash64(std::as_bytes(std::span(words))));
}

TEST(Hash, DependsOnEveryByteAndOnTheSeed) {
  // Lengths on both sides of each of the algorithm's branches.
  for (const std::size_t length : {1U, 3U, 4U, 8U, 9U, 16U, 17U, 128U, 129U, 240U, 241U, 1024U}) {
    std::string text(length, 'a');
    std::set<std::uint64_t> seen{hash64(text), hash64(text, 1)};
    for (char& c : text) {
      c = 'b';
      seen.insert(hash64(text));
      c = 'a';
    }
    EXPECT_EQ(seen.size(), length + 2) << length;
  }
}

}  // namespace
}  // namespace headrace::core
