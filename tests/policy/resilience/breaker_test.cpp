#include "policy/resilience/breaker.h"

#include <vector>

#include <gtest/gtest.h>

#include "policy/resilience/word_time.h"

namespace headrace::policy {
namespace {

using std::chrono::milliseconds;

struct World {
  core::TargetSlot slot{};
  BreakerRules rules;
  std::int64_t ms = 1'000'000;

  Breaker breaker() { return Breaker(slot); }
  [[nodiscard]] core::Instant now() const { return core::Instant(milliseconds(ms)); }
  BreakerState state() { return breaker().look(rules, now()).state; }
  Breaker::Entered enter() { return breaker().enter(rules, now()); }
  BreakerEvent leave(BreakerPass pass, BreakerOutcome outcome) {
    return breaker().leave(rules, pass, outcome, now());
  }
  BreakerEvent attempt(BreakerOutcome outcome) { return leave(enter().pass, outcome); }
  void open() {
    for (std::uint32_t i = 0; i < rules.failures; ++i)
      attempt(BreakerOutcome::failure);
    ASSERT_EQ(state(), BreakerState::open);
  }
};

TEST(BreakerWord, EveryStatePacksAndUnpacks) {
  EXPECT_EQ(BreakerWord{}.packed(), 0U);
  const BreakerWord words[] = {
      {.moment_ms = 0, .state = BreakerState::closed, .passed = 0, .probes = 0, .openings = 255},
      {.moment_ms = UINT32_MAX, .state = BreakerState::open, .openings = 1},
      {.moment_ms = 77,
       .state = BreakerState::half_open,
       .passed = 255,
       .probes = 63,
       .openings = 200},
  };
  for (const BreakerWord& word : words)
    EXPECT_EQ(BreakerWord::unpacked(word.packed()), word);
}

TEST(BreakerWord, WhatPackedNeverGivesIsNoWord) {
  const std::uint64_t open =
      BreakerWord{.moment_ms = 5'000, .state = BreakerState::open, .openings = 3}.packed();
  for (int bit = 0; bit < 64; ++bit) {
    EXPECT_FALSE(BreakerWord::unpacked(open ^ std::uint64_t{1} << bit)) << bit;
  }
  EXPECT_FALSE(BreakerWord::unpacked(std::uint64_t{3} << 32U)) << "no such state";
  EXPECT_FALSE(BreakerWord::unpacked(~std::uint64_t{0}));
}

TEST(BreakerWord, OnlyTheDrawnMovesAreLegal) {
  using enum BreakerState;
  for (const BreakerState from : {closed, open, half_open}) {
    for (const BreakerState to : {closed, open, half_open}) {
      const bool drawn = (from == closed && to == open) || (from == open && to == half_open) ||
                         (from == half_open && to != half_open);
      EXPECT_EQ(may_move(from, to), drawn);
    }
  }
}

// Each shard reads the clock once a turn, so that one may be a little behind who opened it.
TEST(Breaker, StaysOpenForAShardWhoseTimeLags) {
  World world;
  world.open();
  world.ms -= 1;
  EXPECT_FALSE(world.breaker().look(world.rules, world.now()).ready);
  EXPECT_FALSE(world.enter().pass.held);
  EXPECT_EQ(world.state(), BreakerState::open);
  world.ms += 1 + world.rules.open_ms;
  for (std::uint32_t i = 0; i < world.rules.probes_max; ++i)
    EXPECT_TRUE(world.enter().pass.probe);
  world.ms -= 1;
  EXPECT_FALSE(world.breaker().look(world.rules, world.now()).ready);
  EXPECT_FALSE(world.enter().pass.held) << "the probes have only just begun";
}

TEST(Breaker, OpensAfterFiveFailuresWithinAMinute) {
  World world;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(world.attempt(BreakerOutcome::failure), BreakerEvent::none);
    world.ms += 14'900;
  }
  EXPECT_EQ(world.attempt(BreakerOutcome::failure), BreakerEvent::opened);
  EXPECT_FALSE(world.enter().pass.held);
  EXPECT_EQ(world.breaker().look(world.rules, world.now()).wait_ms, 60'000U);
}

// Any five within a minute open it, and none older than 75 s count.
TEST(Breaker, CountsAWindowWithinAQuarterOfIt) {
  for (std::int64_t start = 0; start < 15'000; start += 500) {
    World inside;
    inside.ms += start;
    for (int i = 0; i < 4; ++i)
      inside.attempt(BreakerOutcome::failure);
    World outside;
    outside.ms = inside.ms;
    for (int i = 0; i < 4; ++i)
      outside.attempt(BreakerOutcome::failure);
    inside.ms += 59'999;
    EXPECT_EQ(inside.attempt(BreakerOutcome::failure), BreakerEvent::opened) << start;
    outside.ms += 75'000;
    EXPECT_EQ(outside.attempt(BreakerOutcome::failure), BreakerEvent::none) << start;
  }
}

TEST(Breaker, SuccessesAndTheClientsFaultsCountForNothing) {
  World world;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(world.attempt(BreakerOutcome::neither), BreakerEvent::none);
    EXPECT_EQ(world.attempt(BreakerOutcome::success), BreakerEvent::none);
  }
  EXPECT_EQ(world.state(), BreakerState::closed);
  EXPECT_EQ(world.slot.word.load(), 0U) << "no store for what is in order";
}

TEST(Breaker, OpensByShareOnlyWithEnoughRequests) {
  World world;
  world.rules.failures = 0;
  world.rules.failure_percent = 50;
  world.rules.requests_min = 20;
  for (int i = 0; i < 19; ++i)
    EXPECT_EQ(world.attempt(BreakerOutcome::failure), BreakerEvent::none);
  EXPECT_EQ(world.attempt(BreakerOutcome::failure), BreakerEvent::opened);

  World healthy;
  healthy.rules = world.rules;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(healthy.attempt(BreakerOutcome::success), BreakerEvent::none);
    EXPECT_EQ(healthy.attempt(i % 2 == 0 ? BreakerOutcome::success : BreakerOutcome::failure),
              BreakerEvent::none);
  }
}

TEST(Breaker, LetsAFewProbesThroughAndClosesAfterTwoSuccesses) {
  World world;
  world.open();
  world.ms += 59'999;
  EXPECT_FALSE(world.enter().pass.held);
  world.ms += 1;
  const auto first = world.enter();
  EXPECT_TRUE(first.pass.probe);
  EXPECT_EQ(first.event, BreakerEvent::half_opened);
  const auto second = world.enter();
  EXPECT_TRUE(second.pass.probe);
  EXPECT_FALSE(world.enter().pass.held) << "two are under way";
  EXPECT_FALSE(world.breaker().look(world.rules, world.now()).ready);
  EXPECT_EQ(world.leave(first.pass, BreakerOutcome::success), BreakerEvent::none);
  EXPECT_EQ(world.leave(second.pass, BreakerOutcome::success), BreakerEvent::closed);
  EXPECT_EQ(world.state(), BreakerState::closed);
  // What failed before it opened is forgotten.
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(world.attempt(BreakerOutcome::failure), BreakerEvent::none);
}

TEST(Breaker, AFailedProbeOpensItAgain) {
  World world;
  world.open();
  world.ms += 60'000;
  const auto first = world.enter();
  const auto second = world.enter();
  EXPECT_EQ(world.leave(first.pass, BreakerOutcome::failure), BreakerEvent::reopened);
  EXPECT_EQ(world.state(), BreakerState::open);
  EXPECT_EQ(world.leave(second.pass, BreakerOutcome::success), BreakerEvent::none)
      << "of a period that is over";
  EXPECT_EQ(world.breaker().look(world.rules, world.now()).wait_ms, 60'000U);
}

TEST(Breaker, AProbeThatSaysNothingMakesRoomForAnother) {
  World world;
  world.rules.probes_max = 1;
  world.open();
  world.ms += 60'000;
  EXPECT_EQ(world.attempt(BreakerOutcome::neither), BreakerEvent::none);
  EXPECT_EQ(world.state(), BreakerState::half_open);
  EXPECT_TRUE(world.enter().pass.probe);
}

TEST(Breaker, GivesUpProbesThatNeverCameBack) {
  World world;
  world.rules.probes_max = 1;
  world.open();
  world.ms += 60'000;
  const auto lost = world.enter();
  ASSERT_TRUE(lost.pass.probe);
  world.ms += 59'999;
  EXPECT_FALSE(world.enter().pass.held);
  world.ms += 1;
  const auto next = world.enter();
  ASSERT_TRUE(next.pass.probe);
  EXPECT_EQ(world.leave(lost.pass, BreakerOutcome::failure), BreakerEvent::none);
  EXPECT_FALSE(world.enter().pass.held) << "the lost one's end frees nobody's place";
}

TEST(Breaker, LateFailuresOfAnEarlierPeriodCountForNothing) {
  World world;
  std::vector<BreakerPass> slow;
  for (int i = 0; i < 10; ++i)
    slow.push_back(world.enter().pass);
  world.open();
  world.ms += 60'000;
  for (int i = 0; i < 2; ++i)
    world.attempt(BreakerOutcome::success);
  ASSERT_EQ(world.state(), BreakerState::closed);
  for (const BreakerPass pass : slow)
    EXPECT_EQ(world.leave(pass, BreakerOutcome::failure), BreakerEvent::none);
  EXPECT_EQ(world.state(), BreakerState::closed);
}

TEST(Breaker, ACorruptWordCountsAsClosedAndIsRepaired) {
  World world;
  world.slot.word.store(0xDEAD'BEEF'0000'0003);
  EXPECT_TRUE(world.breaker().look(world.rules, world.now()).ready);
  EXPECT_EQ(world.attempt(BreakerOutcome::failure), BreakerEvent::none);
  EXPECT_EQ(world.slot.word.load(), 0U);
  world.slot.word.store(~std::uint64_t{0});
  EXPECT_EQ(world.enter().event, BreakerEvent::repaired);
}

TEST(Breaker, TimeThatWrapsOrLiesTooFarAheadIsPast) {
  World world;
  world.ms = (std::int64_t{1} << 32) - 30'000;
  world.open();
  world.ms += 59'999;
  EXPECT_FALSE(world.enter().pass.held);
  world.ms += 1;
  EXPECT_TRUE(world.enter().pass.probe);
  World far;
  const auto moment_ms = static_cast<std::uint32_t>(far.ms + far.rules.open_ms + kWordLagMsMax + 1);
  far.slot.word.store(BreakerWord{.moment_ms = moment_ms, .state = BreakerState::open}.packed());
  EXPECT_TRUE(far.enter().pass.probe);
}

}  // namespace
}  // namespace headrace::policy
