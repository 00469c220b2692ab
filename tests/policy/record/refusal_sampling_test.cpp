#include "policy/record/refusal_sampling.h"

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

TEST(RefusalSampling, TakesTheFirstOfEachSecondAndCountsTheOthers) {
  RefusalSampling sampling;
  for (const std::int64_t second : {100, 101, 105}) {
    for (int i = 0; i < 10; ++i)
      EXPECT_EQ(sampling.takes(second, 3), i < 3);
    EXPECT_EQ(sampling.take_left_out(), 7U);
    EXPECT_EQ(sampling.take_left_out(), 0U);
  }
  EXPECT_FALSE(sampling.takes(106, 0));
  EXPECT_EQ(sampling.take_left_out(), 1U);
}

}  // namespace
}  // namespace headrace::policy
