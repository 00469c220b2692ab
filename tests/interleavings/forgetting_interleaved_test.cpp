// A limit is forgotten just when somebody comes for it: stopped before each of its accesses, while
// the one who forgets gets as far as each of his, and dies there.
#include <algorithm>
#include <memory>
#include <optional>

#include <gtest/gtest.h>

#include "core/limits/limit_table.h"
#include "tests/core/limits/limit_world.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

struct Died {};

// Whoever forgets, and at which access of the other one he comes in.
struct Forgetter {
  const LimitWorld* world = nullptr;
  LimitTime now;
  std::int64_t comes_at = 0;
  std::int64_t dies_at = 0;
  bool forgets = false;
  bool came = false;
  bool died = false;
};
Forgetter forgetter;

void on_step() {
  if (forgetter.forgets) {
    if (--forgetter.dies_at == 0) throw Died{};
    return;
  }
  if (--forgetter.comes_at != 0) return;
  forgetter.came = forgetter.forgets = true;
  try {
    LimitTable table(forgetter.world->memory(), 1);
    table.sweep(table.capacity(), forgetter.now);
  } catch (const Died&) {
    forgetter.died = true;
  }
  forgetter.forgets = false;
}

template <class Act>
void beside_a_forgetter(const LimitWorld& world, LimitTime now, std::int64_t comes_at,
                        std::int64_t dies_at, const Act& act) {
  forgetter = {.world = &world, .now = now, .comes_at = comes_at, .dies_at = dies_at};
  step_point = on_step;
  act();
  step_point = nullptr;
}

// For each step at which the forgetter may come, and each at which it may die, in a world of its
// own; `act` goes on for as long as both happen.
template <class Act>
void at_each_step(const Act& act) {
  bool came = true;
  for (std::int64_t comes_at = 1; came; ++comes_at) {
    bool died = true;
    for (std::int64_t dies_at = 1; died && came; ++dies_at) {
      const LimitWorld world({.entries = 4, .blocks = 4});
      act(world, comes_at, dies_at);
      if (testing::Test::HasFatalFailure()) return;
      came = forgetter.came;
      died = forgetter.died;
    }
  }
}

TEST(ForgettingInterleaved, NobodyIsRefusedAndNoDebtIsLost) {
  const LimitTerms minute = LimitTerms::sliding(7, 100, 1min);
  const LimitTime later = limit_time(10min);
  const LimitDemand one{.terms = minute, .amount = 1};
  at_each_step([&](const LimitWorld& world, std::int64_t comes_at, std::int64_t dies_at) {
    const auto shard = world.shard(0);
    Permit held;
    ASSERT_FALSE(shard->take({&one, 1}, limit_time(0s), held));
    std::optional<LimitRefusal> refusal;
    Permit permit;
    beside_a_forgetter(world, later, comes_at, dies_at,
                       [&] { refusal = shard->take({&one, 1}, later, permit); });
    ASSERT_FALSE(refusal) << "cause " << static_cast<int>(refusal->cause) << ", comes at "
                          << comes_at << ", dies at " << dies_at;
    ASSERT_EQ(shard->counts().limits_closed, 0U) << comes_at << ", " << dies_at;
    permit.settle_as_reserved();
    held.settle_as_reserved();
  });
  at_each_step([&](const LimitWorld& world, std::int64_t comes_at, std::int64_t dies_at) {
    const auto shard = world.shard(0);
    Permit permit;
    ASSERT_FALSE(shard->take({&one, 1}, limit_time(0s), permit));
    beside_a_forgetter(world, later, comes_at, dies_at, [&] {
      const std::int64_t used[] = {5};
      permit.settle(used, later);
    });
    ASSERT_EQ(shard->read(minute, later).remaining, 96)
        << "a debt was forgotten: comes at " << comes_at << ", dies at " << dies_at;
  });
}

}  // namespace
}  // namespace headrace::core
