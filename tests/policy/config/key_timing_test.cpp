// How long it takes to compare the digest of a key says nothing of where it differs: Welch's t-test
// over two classes of digests that are drawn by chance, one after another (as "dudect" does it:
// Reparaz, Balasch, Verbauwhede 2017). The same test finds a comparison that ends early.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "policy/config/key_digest.h"

namespace headrace::policy::config {
namespace {

using Comparison = bool (*)(const Sha256&, const Sha256&);
using Clock = std::chrono::steady_clock;

constexpr double kSuspicious = 4.5;
constexpr int kComparisonsOfASample = 32;
// Interrupts and the like; whatever was slower than this share of all says nothing.
constexpr double kCounted = 0.8;

std::size_t samples() {
  return std::getenv("HEADRACE_LONG") != nullptr ? 1'000'000 : 100'000;
}

bool ends_early(const Sha256& left, const Sha256& right) {
  for (std::size_t i = 0; i < left.bytes.size(); ++i) {
    if (left.bytes[i] != right.bytes[i]) return false;
    asm volatile("" ::: "memory");  // byte after byte, as it stands here
  }
  return true;
}

struct Moments {
  double count = 0;
  double mean = 0;
  double sum_of_squares = 0;  // of the distances to the mean
  void add(double value) {
    ++count;
    const double distance = value - mean;
    mean += distance / count;
    sum_of_squares += distance * (value - mean);
  }
  [[nodiscard]] double variance() const { return sum_of_squares / (count - 1); }
};

// Of the times for digests that differ in the first byte, and for those that differ in the last.
double t_value(Comparison compare, core::Random& random) {
  const Sha256 stored = key_digest("hr-a-key-that-there-is-0123456789");
  Sha256 digests[2] = {stored, stored};
  digests[0].bytes.front() ^= 0x40U;
  digests[1].bytes.back() ^= 0x40U;
  std::vector<std::pair<double, bool>> times(samples());
  for (auto& [nanos, last] : times) {
    last = random.one_in(2);
    Sha256 shown = digests[last ? 1 : 0];
    asm volatile("" : "+m"(shown));
    const Clock::time_point begun = Clock::now();
    for (int i = 0; i < kComparisonsOfASample; ++i) {
      bool same = compare(stored, shown);
      asm volatile("" : "+r"(same)::"memory");
    }
    nanos = static_cast<double>((Clock::now() - begun).count());
  }
  std::vector<double> sorted;
  sorted.reserve(times.size());
  for (const auto& [nanos, last] : times)
    sorted.push_back(nanos);
  const auto bound =
      sorted.begin() + static_cast<std::ptrdiff_t>(kCounted * static_cast<double>(sorted.size()));
  std::ranges::nth_element(sorted, bound);
  Moments moments[2];
  for (const auto& [nanos, last] : times) {
    if (nanos <= *bound) moments[last ? 1 : 0].add(nanos);
  }
  const double deviation = std::sqrt(moments[0].variance() / moments[0].count +
                                     moments[1].variance() / moments[1].count);
  if (deviation == 0) return 0;
  return (moments[1].mean - moments[0].mean) / deviation;
}

// A busy machine may once shift one of the classes; a leak is there each time.
double least_t_of_three(Comparison compare) {
  core::Random random(15);
  double least = std::abs(t_value(compare, random));
  for (int more = 0; more < 2 && least >= kSuspicious; ++more) {
    least = std::min(least, std::abs(t_value(compare, random)));
  }
  return least;
}

TEST(KeyTiming, ComparingDigestsTakesTheSameTimeWhereverTheyDiffer) {
  EXPECT_LT(least_t_of_three(equal_in_constant_time), kSuspicious);
}

TEST(KeyTiming, AComparisonThatEndsEarlyWouldBeFound) {
  EXPECT_GE(least_t_of_three(ends_early), kSuspicious);
}

}  // namespace
}  // namespace headrace::policy::config
