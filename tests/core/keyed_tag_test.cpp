#include "core/keyed_tag.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

std::array<std::byte, KeyedTag::kKeyBytes> key(int byte) {
  std::array<std::byte, KeyedTag::kKeyBytes> bytes{};
  bytes.fill(static_cast<std::byte>(byte));
  return bytes;
}

KeyedTag::Tag tag_of(KeyedTag& tags, std::string_view text, std::size_t piece = SIZE_MAX) {
  tags.begin();
  for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size() - at))
    tags.add(text.substr(at, piece));
  return tags.end();
}

TEST(KeyedTag, IsOfTheBytesHoweverTheyCome) {
  KeyedTag tags(key(1));
  const std::string text(100, 'x');
  const KeyedTag::Tag whole = tag_of(tags, text);
  for (const std::size_t piece : {1U, 7U, 16U, 17U, 99U})
    EXPECT_EQ(tag_of(tags, text, piece), whole) << piece;
  EXPECT_EQ(tag_of(tags, text), whole) << "nothing is left of the message before";
}

TEST(KeyedTag, DiffersByEveryByteByLengthAndByKey) {
  KeyedTag tags(key(1));
  KeyedTag other(key(2));
  std::set<KeyedTag::Tag> seen;
  std::string text(40, '\0');
  seen.insert(tag_of(tags, text));
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] = 1;
    EXPECT_TRUE(seen.insert(tag_of(tags, text)).second) << i;
    text[i] = 0;
    EXPECT_TRUE(seen.insert(tag_of(tags, std::string_view(text).substr(0, i))).second) << i;
  }
  EXPECT_TRUE(seen.insert(tag_of(other, text)).second);
}

}  // namespace
}  // namespace headrace::core
