#include "policy/decision_trail.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

TEST(DecisionTrail, KeepsDecisionsInTheirOrder) {
  DecisionTrail trail;
  EXPECT_TRUE(trail.decisions().empty());
  trail.add({.rule = "key", .why = {}, .stage = Stage::identify});
  trail.add({.rule = "role_denies",
             .why = "role_denied",
             .after = core::Duration(7),
             .stage = Stage::guard,
             .decided = Decided::refused});
  ASSERT_EQ(trail.decisions().size(), 2U);
  EXPECT_EQ(trail.decisions()[0].stage, Stage::identify);
  EXPECT_EQ(trail.decisions()[0].decided, Decided::passed);
  EXPECT_EQ(trail.decisions()[1].rule, "role_denies");
  EXPECT_EQ(trail.decisions()[1].after, core::Duration(7));
  EXPECT_EQ(trail.beyond(), 0U);
}

TEST(DecisionTrail, NeverLosesTheLastDecision) {
  std::vector<std::string> rules;
  for (std::size_t i = 0; i < DecisionTrail::kDecisionsMax + 2; ++i)
    rules.push_back(std::to_string(i));
  DecisionTrail trail;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    trail.add({.rule = rules[i], .why = {}});
    EXPECT_EQ(trail.decisions().back().rule, rules[i]);
  }
  EXPECT_EQ(trail.decisions().size(), DecisionTrail::kDecisionsMax);
  EXPECT_EQ(trail.decisions()[DecisionTrail::kDecisionsMax - 2].rule,
            std::to_string(DecisionTrail::kDecisionsMax - 2));
  EXPECT_EQ(trail.beyond(), 2U);
}

TEST(DecisionTrail, EveryDecisionHasAName) {
  EXPECT_EQ(name(Decided::passed), "passed");
  EXPECT_EQ(name(Decided::left_out), "left_out");
}

}  // namespace
}  // namespace headrace::policy
