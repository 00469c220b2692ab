#include "policy/resilience/breaker.h"

#include <array>
#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

// Many threads on one word: only legal moves (checked within), never more probes than allowed, and
// every pass is given back.
TEST(Breaker, HoldsItsBoundsAmongManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 20'000;
  auto slot = std::make_unique<core::TargetSlot>();
  const BreakerRules rules{
      .failures = 3, .window_ms = 400, .open_ms = 20, .probes_max = 3, .successes = 4};
  std::atomic<std::int64_t> clock_us{1'000'000'000};
  std::atomic<int> probes{0};
  std::atomic<int> probes_most{0};
  std::array<std::atomic<std::uint64_t>, kBreakerEvents> events{};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        std::mt19937 random(static_cast<unsigned>(t));
        Breaker breaker(*slot);
        for (int i = 0; i < kRounds; ++i) {
          const core::Instant now(std::chrono::microseconds(clock_us.fetch_add(40)));
          const auto entered = breaker.enter(rules, now);
          ++events[static_cast<std::size_t>(entered.event)];
          if (!entered.pass.held) continue;
          if (entered.pass.probe) {
            const int under_way = ++probes;
            int most = probes_most.load();
            while (under_way > most && !probes_most.compare_exchange_weak(most, under_way)) {
            }
          }
          if (random() % 4 == 0) std::this_thread::yield();
          if (entered.pass.probe) --probes;
          const auto outcome = static_cast<BreakerOutcome>(random() % 3);
          ++events[static_cast<std::size_t>(breaker.leave(rules, entered.pass, outcome, now))];
        }
      });
    }
  }
  const auto count = [&](BreakerEvent event) {
    return events[static_cast<std::size_t>(event)].load();
  };
  EXPECT_GT(count(BreakerEvent::opened), 0U);
  EXPECT_GT(count(BreakerEvent::closed), 0U);
  EXPECT_GT(count(BreakerEvent::reopened), 0U);
  EXPECT_EQ(count(BreakerEvent::repaired), 0U);
  // Each period of trial ends in one way: closed, open again, or it is the one that is on.
  const std::uint64_t ended = count(BreakerEvent::closed) + count(BreakerEvent::reopened);
  EXPECT_GE(count(BreakerEvent::half_opened), ended);
  EXPECT_LE(count(BreakerEvent::half_opened), ended + 1);
  const std::uint64_t openings = count(BreakerEvent::opened) + count(BreakerEvent::reopened);
  EXPECT_GE(openings, count(BreakerEvent::half_opened));
  EXPECT_LE(openings, count(BreakerEvent::half_opened) + 1);
  // A probe that was given up may still be on its way beside the three of the next period.
  EXPECT_LE(probes_most.load(), 2 * 3);
  const auto last = BreakerWord::unpacked(slot->word.load());
  ASSERT_TRUE(last);
  EXPECT_EQ(last->probes, 0);
}

}  // namespace
}  // namespace headrace::policy
