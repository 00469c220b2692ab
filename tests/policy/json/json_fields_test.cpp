#include "policy/json/json_fields.h"

#include <cstring>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

// Keys of every length up to the bound, some of one length and one beginning.
constexpr JsonRule kRules[] = {
    {kJsonRoot, "a", 2},
    {kJsonRoot, "ab", 3},
    {kJsonRoot, "abcdefg", 4},
    {kJsonRoot, "abcdefgh", 5},
    {kJsonRoot, "abcdefgi", 6},
    {kJsonRoot, "abcdefghi", 7},
    {kJsonRoot, "abcdefghijklmnop", 8},
    {kJsonRoot, "abcdefghijklmnopq", 9},
    {kJsonRoot, "abcdefghijklmnoXq", 10},
    {kJsonRoot, "abcdefghijklmnopqrstuvwxyz012345", 11},
    {2, "ab", 12},
    {2, "zz", 13},
    {3, "", 14},
};
constexpr JsonFields kFields{kRules};

// With nothing readable behind the key but `behind` bytes, as a sanitizer sees it.
JsonField find(JsonField parent, std::string_view key, std::size_t behind) {
  const std::size_t size = key.size() + behind;
  const std::unique_ptr<char[]> exact(new char[size]);
  std::memset(exact.get(), '"', size);
  std::memcpy(exact.get(), key.data(), key.size());
  return kFields.find(parent, {exact.get(), key.size()}, exact.get() + size);
}

TEST(JsonFields, FindsEachKeyOfItsParentWhateverStandsBehind) {
  for (const JsonRule& rule : kRules) {
    if (rule.key.empty()) continue;
    for (const std::size_t behind : {0U, 1U, 7U, 8U, 20U}) {
      EXPECT_EQ(find(rule.parent, rule.key, behind), rule.field) << rule.key;
    }
  }
}

TEST(JsonFields, FindsNoOtherKey) {
  for (const JsonRule& rule : kRules) {
    for (std::size_t at = 0; at < rule.key.size(); ++at) {
      std::string other(rule.key);
      other[at] = '#';
      EXPECT_EQ(find(rule.parent, other, 3), kJsonNoField) << other;
      other[at] = '\0';
      EXPECT_EQ(find(rule.parent, other, 3), kJsonNoField);
    }
  }
  EXPECT_EQ(find(kJsonRoot, "", 9), kJsonNoField);
  EXPECT_EQ(find(kJsonRoot, std::string(kJsonKeyBytesMax + 1, 'a'), 9), kJsonNoField);
  EXPECT_EQ(find(3, "ab", 9), kJsonNoField);
}

TEST(JsonFields, TellsKeysInOtherLetters) {
  EXPECT_TRUE(kFields.resembles(kJsonRoot, "ABCDEFGH"));
  EXPECT_TRUE(kFields.resembles(kJsonRoot, "abcdefghijklmnopQ"));
  EXPECT_TRUE(kFields.resembles(kJsonRoot, "ab"));
  EXPECT_FALSE(kFields.resembles(kJsonRoot, "ABCDEFG@"));
  EXPECT_FALSE(kFields.resembles(kJsonRoot, "x"));
  EXPECT_FALSE(kFields.resembles(kJsonRoot, std::string(40, 'a')));
}

TEST(JsonFields, KnowsElementsAndNames) {
  EXPECT_EQ(kFields.element(3), 14);
  EXPECT_EQ(kFields.element(2), kJsonNoField);
  EXPECT_EQ(kFields.name(7), "abcdefghi");
  EXPECT_EQ(kFields.name(14), "");
}

// Other keys of the root, and of field 2, lead where they do in field 4.
constexpr JsonRule kEverywhere[] = {
    {kJsonRoot, "own", 2},  {kJsonRoot, kJsonOtherKeys, 4},
    {2, "own", 3},          {2, kJsonOtherKeys, 4},
    {4, "wanted", 5},       {4, "own", 6},
    {4, kJsonOtherKeys, 4}, {4, "", 4},
    {5, "own", 7},
};
constexpr JsonFields kAnywhere{kEverywhere};

TEST(JsonFields, SendOtherKeysWhereTheyLeadInAnotherField) {
  const auto found = [](JsonField parent, std::string_view key) {
    return kAnywhere.find(parent, key, key.data() + key.size());
  };
  EXPECT_EQ(found(kJsonRoot, "own"), 2);
  EXPECT_EQ(found(2, "own"), 3);
  EXPECT_EQ(found(4, "own"), 6);
  EXPECT_EQ(found(5, "own"), 7);
  for (const JsonField parent : {JsonField{kJsonRoot}, JsonField{2}, JsonField{4}}) {
    EXPECT_EQ(found(parent, "wanted"), 5);
    EXPECT_TRUE(kAnywhere.resembles(parent, "WANTED"));
    EXPECT_EQ(found(parent, "unknown"), kJsonNoField);
    EXPECT_EQ(kAnywhere.other(parent), 4);
    EXPECT_TRUE(kAnywhere.place(parent).may_lead('u', 7));
    EXPECT_EQ(kAnywhere.place(parent).node(), parent);
  }
  EXPECT_EQ(found(5, "wanted"), kJsonNoField);
  EXPECT_EQ(kAnywhere.other(5), kJsonNoField);
  EXPECT_EQ(kAnywhere.element(4), 4);
}

}  // namespace
}  // namespace headrace::policy
