#include "tools/load/schedule.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::tools::load {
namespace {

using namespace std::chrono_literals;

std::vector<std::int64_t> arrivals(Schedule schedule) {
  std::vector<std::int64_t> times;
  for (; schedule.next() < schedule.end(); schedule.advance()) {
    times.push_back(schedule.next().count());
  }
  return times;
}

TEST(Schedule, EvenArrivalsHoldTheRateExactly) {
  const auto times = arrivals({{{3000, 2s}}, Arrivals::even, 0, 1, 1});
  EXPECT_EQ(times.size(), 6000U);
  EXPECT_EQ(times[0], 0);
  EXPECT_NEAR(static_cast<double>(times[3000]), 1e9, 2);
}

TEST(Schedule, ThreadsTakeTurns) {
  std::vector<std::int64_t> all;
  for (std::uint32_t worker = 0; worker < 3; ++worker) {
    const auto part = arrivals({{{3000, 1s}}, Arrivals::even, worker, 3, 1});
    EXPECT_EQ(part.size(), 1000U);
    all.insert(all.end(), part.begin(), part.end());
  }
  std::ranges::sort(all);
  const auto one = arrivals({{{3000, 1s}}, Arrivals::even, 0, 1, 1});
  ASSERT_EQ(all.size(), one.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_LE(std::abs(all[i] - one[i]), 2) << i;
}

TEST(Schedule, StepsChangeTheRateWhereTheyBegin) {
  Schedule schedule({{1000, 1s}, {100, 2s}, {4000, 1s}}, Arrivals::even, 0, 1, 1);
  EXPECT_EQ(schedule.end(), 4s);
  std::vector<int> by_step(3);
  for (; schedule.next() < schedule.end(); schedule.advance()) {
    ++by_step[schedule.step()];
    const core::Duration from = schedule.step() == 0 ? 0s : schedule.step() == 1 ? 1s : 3s;
    EXPECT_GE(schedule.next(), from);
  }
  EXPECT_EQ(by_step, (std::vector<int>{1000, 200, 4000}));
}

TEST(Schedule, AStepWithoutLengthIsPassedOver) {
  Schedule schedule({{1000, 0s}, {500, 1s}}, Arrivals::even, 0, 1, 1);
  EXPECT_EQ(schedule.step(), 1U);
  EXPECT_EQ(schedule.next(), 0s);
}

TEST(Schedule, DrawnArrivalsHaveTheRateOnAverageAndRepeatBySeed) {
  const auto times = arrivals({{{5000, 4s}}, Arrivals::poisson, 0, 1, 7});
  EXPECT_NEAR(static_cast<double>(times.size()), 20'000, 600);
  EXPECT_EQ(times, arrivals({{{5000, 4s}}, Arrivals::poisson, 0, 1, 7}));
  EXPECT_NE(times, arrivals({{{5000, 4s}}, Arrivals::poisson, 0, 1, 8}));
  // Exponential gaps: as much spread as mean.
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 1; i < times.size(); ++i) {
    const auto gap = static_cast<double>(times[i] - times[i - 1]);
    sum += gap;
    squares += gap * gap;
  }
  const double count = static_cast<double>(times.size() - 1);
  const double mean = sum / count;
  EXPECT_NEAR(std::sqrt(squares / count - mean * mean) / mean, 1, 0.05);
}

}  // namespace
}  // namespace headrace::tools::load
