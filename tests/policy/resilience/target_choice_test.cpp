#include "policy/resilience/target_choice.h"

#include <array>
#include <map>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

std::map<std::size_t, int> spread(const std::vector<Candidate>& candidates, Balance balance) {
  std::map<std::size_t, int> chosen;
  for (std::uint64_t random = 0; random < 1'000; ++random) {
    const Choice choice = choose(candidates, balance, random);
    if (choice.index) ++chosen[*choice.index];
  }
  return chosen;
}

TEST(TargetChoice, SpreadsByWeight) {
  const auto chosen = spread({{.weight = 1}, {.weight = 3}, {.weight = 6}}, Balance::weight);
  EXPECT_EQ(chosen, (std::map<std::size_t, int>{{0, 100}, {1, 300}, {2, 600}}));
}

TEST(TargetChoice, TakesTheLowestPriorityThatIsReady) {
  std::vector<Candidate> candidates{{.priority = 1}, {.priority = 0}, {.priority = 2}};
  EXPECT_EQ(choose(candidates, Balance::weight, 7).index, 1U);
  candidates[1].room = Room::none;
  EXPECT_EQ(choose(candidates, Balance::weight, 7).index, 0U);
  candidates[0].eligible = false;
  EXPECT_EQ(choose(candidates, Balance::weight, 7).index, 2U);
}

TEST(TargetChoice, GoesOnToWhatWasNotTriedBeforeItTriesAgain) {
  std::vector<Candidate> candidates{{.priority = 0, .tried = true}, {.priority = 5}};
  EXPECT_EQ(choose(candidates, Balance::weight, 1).index, 1U);
  candidates[1].tried = true;
  EXPECT_EQ(choose(candidates, Balance::weight, 1).index, 0U);
}

TEST(TargetChoice, PrefersAmpleRoom) {
  const std::vector<Candidate> candidates{{.weight = 100, .room = Room::tight}, {.weight = 1}};
  EXPECT_EQ(spread(candidates, Balance::weight), (std::map<std::size_t, int>{{1, 1'000}}));
}

TEST(TargetChoice, TakesALastResortBeforeNothing) {
  std::vector<Candidate> candidates{{.priority = 0, .room = Room::last_resort}, {.priority = 3}};
  EXPECT_EQ(choose(candidates, Balance::weight, 0).index, 1U);
  candidates[1].room = Room::none;
  EXPECT_EQ(choose(candidates, Balance::weight, 0).index, 0U);
}

TEST(TargetChoice, TakesTheLeastOutstandingForItsWeight) {
  const std::vector<Candidate> candidates{{.weight = 1, .outstanding = 10},
                                          {.weight = 4, .outstanding = 20},
                                          {.weight = 2, .outstanding = 10}};
  const auto chosen = spread(candidates, Balance::least_outstanding);
  EXPECT_FALSE(chosen.contains(0));
  EXPECT_GT(chosen.at(1), 600);
  EXPECT_GT(chosen.at(2), 300);
}

TEST(TargetChoice, TakesTheQuickestAndTriesTheUnknown) {
  std::vector<Candidate> candidates{{.latency_us = 900}, {.latency_us = 300}, {.latency_us = 400}};
  EXPECT_EQ(choose(candidates, Balance::least_latency, 3).index, 1U);
  candidates[2].latency_us = 0;
  EXPECT_EQ(choose(candidates, Balance::least_latency, 3).index, 2U);
}

TEST(TargetChoice, SaysWhenTheFirstOfThemMayBeTried) {
  const std::vector<Candidate> candidates{{.room = Room::none, .wait_ms = 900},
                                          {.room = Room::none, .wait_ms = 300},
                                          {.eligible = false, .room = Room::none, .wait_ms = 1}};
  const Choice choice = choose(candidates, Balance::weight, 0);
  EXPECT_FALSE(choice.index);
  EXPECT_EQ(choice.wait_ms, 300U);
  EXPECT_FALSE(choose({}, Balance::weight, 0).index);
}

}  // namespace
}  // namespace headrace::policy
