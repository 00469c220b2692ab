#include "tools/mock/distribution.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"

namespace headrace::tools::mock {
namespace {

TEST(Distribution, ReadsEveryForm) {
  struct Case {
    std::string_view text;
    double mean;
  };
  for (const Case& expected :
       {Case{"20ms", 20e6}, Case{"0", 0}, Case{"250us", 250e3}, Case{"1.5s", 1.5e9},
        Case{"2m", 120e9}, Case{"7ns", 7}, Case{"uniform:10ms:20ms", 15e6},
        Case{"exponential:5ms", 5e6}, Case{"lognormal:10ms:0", 10e6}}) {
    const auto read = Distribution::parse(expected.text, QuantityKind::wait);
    ASSERT_TRUE(read.has_value()) << expected.text;
    EXPECT_DOUBLE_EQ(read->mean(), expected.mean) << expected.text;
  }
}

TEST(Distribution, RefusesWhatItDoesNotUnderstand) {
  for (const std::string_view text :
       {"", "20", "ms", "-5ms", "20 ms", "20msx", "uniform:5ms", "uniform:20ms:5ms", "normal:1ms",
        "1ms:2ms", "exponential:", "lognormal:1ms:1ms", "nan", "inf", "1e300s"}) {
    EXPECT_FALSE(Distribution::parse(text, QuantityKind::wait).has_value()) << text;
  }
  EXPECT_FALSE(Distribution::parse("5ms", QuantityKind::count).has_value());
  EXPECT_TRUE(Distribution::parse("5", QuantityKind::count).has_value());
}

TEST(Distribution, SamplesHaveTheRightMiddle) {
  struct Case {
    std::string_view text;
    double median;
    double mean;
  };
  for (const Case& expected :
       {Case{"uniform:10ms:20ms", 15e6, 15e6}, Case{"exponential:10ms", 6.931e6, 10e6},
        Case{"lognormal:10ms:0.5", 10e6, 11.33e6}}) {
    const auto distribution = *Distribution::parse(expected.text, QuantityKind::wait);
    core::Random random(9);
    std::vector<double> samples(20'000);
    double sum = 0;
    for (double& sample : samples)
      sum += sample = distribution.sample(random.next());
    std::ranges::sort(samples);
    EXPECT_GE(samples.front(), 0);
    EXPECT_NEAR(samples[samples.size() / 2] / expected.median, 1, 0.05) << expected.text;
    EXPECT_NEAR(sum / static_cast<double>(samples.size()) / expected.mean, 1, 0.05);
  }
}

}  // namespace
}  // namespace headrace::tools::mock
