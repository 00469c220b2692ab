#include "policy/resilience/health.h"

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

constexpr core::Instant at(std::int64_t ms) {
  return core::Instant(std::chrono::milliseconds(9'000'000 + ms));
}

TEST(Health, GoesDownAndUpAfterSoManyInARow) {
  std::atomic<std::uint64_t> word{0};
  Health health(word);
  const HealthRules rules{.interval_ms = 1'000};
  EXPECT_FALSE(health.is_down(rules, at(0)));
  EXPECT_FALSE(health.note(rules, false, at(0)));
  EXPECT_FALSE(health.note(rules, false, at(1'000)));
  EXPECT_FALSE(health.note(rules, true, at(2'000))) << "one that passes begins anew";
  EXPECT_FALSE(health.note(rules, false, at(3'000)));
  EXPECT_FALSE(health.note(rules, false, at(4'000)));
  EXPECT_TRUE(health.note(rules, false, at(5'000)));
  EXPECT_TRUE(health.is_down(rules, at(5'000)));
  EXPECT_FALSE(health.note(rules, true, at(6'000)));
  EXPECT_TRUE(health.is_down(rules, at(6'000)));
  EXPECT_TRUE(health.note(rules, true, at(7'000)));
  EXPECT_FALSE(health.is_down(rules, at(7'000)));
}

TEST(Health, IsNotBelievedWhenNobodyRenewsIt) {
  std::atomic<std::uint64_t> word{0};
  Health health(word);
  const HealthRules rules{.interval_ms = 1'000, .timeout_ms = 500, .failures = 1};
  EXPECT_TRUE(health.note(rules, false, at(0)));
  EXPECT_TRUE(health.is_down(rules, at(6'000)));
  EXPECT_FALSE(health.is_down(rules, at(6'001)));
  EXPECT_FALSE(health.is_down({.interval_ms = 0}, at(0))) << "checks were switched off";
}

TEST(Health, AWordWithoutSenseIsHealthy) {
  const HealthRules rules{.interval_ms = 1'000, .failures = 1};
  std::atomic<std::uint64_t> word{0};
  Health health(word);
  health.note(rules, false, at(0));
  for (int bit = 0; bit < 64; ++bit) {
    std::atomic<std::uint64_t> broken{word.load() ^ std::uint64_t{1} << bit};
    EXPECT_FALSE(Health(broken).is_down(rules, at(0))) << bit;
  }
}

}  // namespace
}  // namespace headrace::policy
