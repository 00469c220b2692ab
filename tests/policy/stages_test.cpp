#include "policy/stages.h"

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

TEST(Stages, HaveTheNameOfTheirPlace) {
  EXPECT_EQ(name(Stage::head), "head");
  EXPECT_EQ(name(Stage::body), "body");
  EXPECT_EQ(name(Stage::cache), "cache");
  EXPECT_EQ(name(Stage::upstream), "upstream");
  EXPECT_EQ(name(Stage::record), "record");
  EXPECT_EQ(static_cast<std::size_t>(Stage::record) + 1, kStageNames.size());
}

TEST(Stages, GoBackOnlyToSendTheRequestAgain) {
  for (std::size_t from = 0; from < kStageNames.size(); ++from) {
    for (std::size_t to = 0; to < from; ++to) {
      const bool again = kStageNames[to] == "route" &&
                         (kStageNames[from] == "reserve" || kStageNames[from] == "upstream");
      EXPECT_EQ(may_follow(static_cast<Stage>(from), static_cast<Stage>(to)), again)
          << kStageNames[from] << " to " << kStageNames[to];
    }
  }
  EXPECT_TRUE(may_follow(Stage::identify, Stage::record));
}

}  // namespace
}  // namespace headrace::policy
