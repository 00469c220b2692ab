// A process dies between any two of its accesses while slices of a calendar limit go to a share and
// back: a successor finds all that no request has.
#include <cstdint>

#include <gtest/gtest.h>

#include "core/limits/limit_recovery.h"
#include "tests/core/limits/limit_world.h"
#include "tests/interleavings/fiber_schedule.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

const LimitTerms kMonth = LimitTerms::calendar(5, 10'000, 20'000, limit_time(24h).wall);

bool spend(ShardLimits& shard, Duration at) {
  return spend(shard, kMonth, 1, limit_time(at));
}

// What others do between the death and its discovery.
enum class Beside { nothing, spends, takes_a_slice, takes_slices_both };

struct Life {
  bool died = false;
  std::int64_t spent = 0;   // for certain
  std::int64_t beside = 0;  // by others
};

class ShareDeaths {
 public:
  // Dies at its `point`th access; 0: never.
  Life live(std::uint64_t point, Beside beside) {
    const auto shard = world_.shard(0);
    const auto other = world_.shard(1);
    Life life;
    const auto fiber = schedule_.add([&] {
      Duration at{};
      for (int shares = 0; shares < 3; ++shares, at += 50ms) {
        shard->tend(limit_time(at));  // what was held before is over
        for (int i = 0; i < 10; ++i)
          life.spent += spend(*shard, at) ? 1 : 0;
      }
      shard->give_back_shares();
    });
    life.died = schedule_.run_alone(fiber, point);
    schedule_.kill(fiber);
    life.beside = act(*other, beside);
    return life;
  }

  // The successor may die too, and another one comes.
  bool recover(std::uint64_t point) {
    const auto fiber =
        schedule_.add([&] { recover_limits(world_.memory(), 0, limit_time(200ms)); });
    const bool died = schedule_.run_alone(fiber, point);
    schedule_.kill(fiber);
    recover_limits(world_.memory(), 0, limit_time(200ms));
    return died;
  }

  [[nodiscard]] std::int64_t left() const {
    return world_.shard(0, 2)->read(kMonth, limit_time(200ms)).remaining;
  }

 private:
  // By a neighbour, and by the other shard of the same process: it dies with the first, later.
  std::int64_t act(ShardLimits& same_process, Beside beside) {
    if (beside == Beside::nothing) return 0;
    const auto neighbour = world_.shard(0, 1);
    const int times = beside == Beside::spends ? 1 : 12;
    std::int64_t spent = 0;
    for (int i = 0; i < times; ++i) {
      spent += spend(*neighbour, 120ms) ? 1 : 0;
      if (beside == Beside::takes_slices_both) spent += spend(same_process, 120ms) ? 1 : 0;
    }
    neighbour->give_back_shares();
    return spent;
  }

  LimitWorld world_{{.entries = 16, .blocks = 4, .shards = 2}};
  FiberSchedule schedule_{1, 1};
};

TEST(ShareDeathsInterleaved, NoSliceIsLostAndNoneIsThereTwice) {
  for (const Beside beside :
       {Beside::nothing, Beside::spends, Beside::takes_a_slice, Beside::takes_slices_both}) {
    std::uint64_t points = 0;
    for (bool died = true; died; ++points) {
      ShareDeaths world;
      const Life life = world.live(points + 1, beside);
      died = life.died;
      const std::int64_t counted = life.spent + life.beside;
      world.recover(1);
      // The request that was just being admitted stays spent.
      const std::int64_t left = world.left();
      ASSERT_LE(left, kMonth.credit - counted) << "a free refill, point " << points;
      ASSERT_GE(left, kMonth.credit - counted - 1) << "a slice is lost, point " << points;
    }
    EXPECT_GT(points, 300U);
  }
}

TEST(ShareDeathsInterleaved, SuccessorsMayDieOverIt) {
  std::uint64_t points = 0;
  for (bool died = true; died; points += 7) {
    for (std::uint64_t at = 1;; at += 1 + at / 16) {
      ShareDeaths world;
      const Life life = world.live(points + 1, Beside::nothing);
      died = life.died;
      const bool successor_died = world.recover(at);
      const std::int64_t left = world.left();
      ASSERT_LE(left, kMonth.credit - life.spent) << points << ", " << at;
      ASSERT_GE(left, kMonth.credit - life.spent - 1) << points << ", " << at;
      if (!successor_died) break;
    }
  }
}

}  // namespace
}  // namespace headrace::core
