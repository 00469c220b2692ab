#include "policy/body/edit_list.h"

#include <string>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

std::string rewritten(const EditList& edits, std::string_view body) {
  std::array<std::string_view, EditList::kSlicesMax> slices;
  const std::size_t count = edits.slices(body, slices);
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_FALSE(slices[i].empty());
    out += slices[i];
  }
  EXPECT_EQ(out.size(), edits.length_after(body.size()));
  return out;
}

TEST(EditList, LeavesTheBodyAsItIsWithoutEdits) {
  EditList edits;
  EXPECT_EQ(rewritten(edits, "body"), "body");
  EXPECT_EQ(rewritten(edits, ""), "");
}

TEST(EditList, AppliesEditsInOrderOfPlaceHoweverTheyWereAdded) {
  EditList edits;
  ASSERT_TRUE(edits.replace({6, 2}, "GH"));
  ASSERT_TRUE(edits.replace({0, 1}, ""));
  ASSERT_TRUE(edits.insert(3, "++"));
  ASSERT_TRUE(edits.insert(10, "end"));
  EXPECT_EQ(rewritten(edits, "abcdefghij"), "bc++defGHijend");
}

TEST(EditList, KeepsInsertionsAtOnePlaceInTheirOrderAndBeforeAReplacement) {
  EditList edits;
  ASSERT_TRUE(edits.replace({2, 1}, "C"));
  ASSERT_TRUE(edits.insert(2, "1"));
  ASSERT_TRUE(edits.insert(2, "2"));
  ASSERT_TRUE(edits.insert(3, "3"));
  EXPECT_EQ(rewritten(edits, "abcd"), "ab12C3d");
}

TEST(EditList, RefusesOverlaps) {
  EditList edits;
  ASSERT_TRUE(edits.replace({2, 4}, "x"));
  EXPECT_FALSE(edits.replace({2, 4}, "y"));
  EXPECT_FALSE(edits.replace({0, 3}, "y"));
  EXPECT_FALSE(edits.replace({5, 1}, "y"));
  EXPECT_FALSE(edits.insert(3, "y"));
  EXPECT_TRUE(edits.replace({6, 1}, "y"));
  EXPECT_TRUE(edits.replace({0, 2}, "y"));
  EXPECT_EQ(rewritten(edits, "abcdefgh"), "yxyh");
}

TEST(EditList, IsFullAtItsBound) {
  EditList edits;
  for (std::uint32_t i = 0; i < EditList::kEditsMax; ++i)
    ASSERT_TRUE(edits.insert(i, "."));
  EXPECT_FALSE(edits.insert(0, "."));
  EXPECT_EQ(rewritten(edits, "abcdefgh"), ".a.b.c.d.e.f.g.h");
  edits.clear();
  EXPECT_TRUE(edits.empty());
  EXPECT_TRUE(edits.insert(0, "!"));
}

}  // namespace
}  // namespace headrace::policy
