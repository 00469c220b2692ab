#include "core/histogram.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"

namespace headrace::core {
namespace {

TEST(Histogram, EveryValueLiesInItsBucketAndBucketsFollowEachOther) {
  for (std::size_t bucket = 0; bucket + 1 < Histogram::kBuckets; ++bucket) {
    const std::uint64_t end = Histogram::bucket_end(bucket);
    ASSERT_EQ(Histogram::bucket_of(end), bucket);
    ASSERT_EQ(Histogram::bucket_of(end + 1), bucket + 1);
  }
}

TEST(Histogram, TellsEveryValueWithinASixtyFourth) {
  Random random(1);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t value = random.next() >> (24 + random.below(40));
    const std::uint64_t end = Histogram::bucket_end(Histogram::bucket_of(value));
    ASSERT_GE(end, value);
    ASSERT_LE(end - value, value / 64) << value;
  }
}

TEST(Histogram, EmptyHasNothingToTell) {
  const auto histogram = std::make_unique<Histogram>();
  EXPECT_EQ(histogram->count(), 0U);
  EXPECT_EQ(histogram->quantile(0.5), 0U);
  EXPECT_EQ(histogram->maximum(), 0U);
}

TEST(Histogram, QuantilesAgreeWithSortedValues) {
  Random random(2);
  const auto histogram = std::make_unique<Histogram>();
  std::vector<std::uint64_t> values;
  std::uint64_t sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t value = 1000 + (random.next() >> (30 + random.below(24)));
    values.push_back(value);
    sum += value;
    histogram->record(value);
  }
  std::sort(values.begin(), values.end());
  EXPECT_EQ(histogram->count(), values.size());
  EXPECT_EQ(histogram->sum(), sum);
  EXPECT_EQ(histogram->maximum(), values.back());
  for (const double q : {0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(q * static_cast<double>(values.size()));
    const std::uint64_t exact = values[std::min(rank == 0 ? 0 : rank - 1, values.size() - 1)];
    EXPECT_GE(histogram->quantile(q), exact) << q;
    EXPECT_LE(histogram->quantile(q), exact + exact / 32) << q;
  }
  EXPECT_EQ(histogram->quantile(1.0), values.back());
}

TEST(Histogram, ValuesBeyondItsRangeCountAsTheLargest) {
  const auto histogram = std::make_unique<Histogram>();
  histogram->record(Histogram::kValueMax);
  histogram->record(Histogram::kValueMax + 1);
  histogram->record(UINT64_MAX);
  EXPECT_EQ(histogram->count(), 3U);
  EXPECT_EQ(histogram->maximum(), Histogram::kValueMax);
  EXPECT_EQ(histogram->quantile(0.1), Histogram::kValueMax);
}

TEST(Histogram, MergingIsRecordingEverythingInOne) {
  Random random(3);
  const auto one = std::make_unique<Histogram>();
  const auto two = std::make_unique<Histogram>();
  const auto both = std::make_unique<Histogram>();
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = random.below(1'000'000);
    (i % 2 == 0 ? *one : *two).record(value, 3);
    both->record(value, 3);
  }
  one->merge(*two);
  EXPECT_EQ(one->count(), both->count());
  EXPECT_EQ(one->sum(), both->sum());
  EXPECT_EQ(one->maximum(), both->maximum());
  for (const double q : {0.1, 0.5, 0.9})
    EXPECT_EQ(one->quantile(q), both->quantile(q));
}

TEST(Histogram, CountsUpToAValue) {
  const auto histogram = std::make_unique<Histogram>();
  for (std::uint64_t value = 0; value < 128; ++value)
    histogram->record(value);
  EXPECT_EQ(histogram->count_up_to(0), 1U);
  EXPECT_EQ(histogram->count_up_to(63), 64U);
  EXPECT_EQ(histogram->count_up_to(127), 128U);
  EXPECT_EQ(histogram->count_up_to(UINT64_MAX), 128U);
}

TEST(Histogram, MayBeReadWhileItIsWritten) {
  const auto histogram = std::make_unique<Histogram>();
  std::atomic<bool> done{false};
  std::thread writing([&] {
    for (std::uint64_t i = 0; i < 100'000; ++i)
      histogram->record(i);
    done = true;
  });
  std::uint64_t last = 0;
  while (!done) {
    const std::uint64_t count = histogram->count();
    EXPECT_GE(count, last);
    last = count;
  }
  writing.join();
  EXPECT_EQ(histogram->count(), 100'000U);
}

enum class Traffic : std::uint8_t { accepted, refused, count };

TEST(CounterBlock, CountsByNameOnCacheLinesOfItsOwn) {
  std::vector<CounterBlock<Traffic>> blocks(2);
  blocks[0].add(Traffic::accepted);
  blocks[0].add(Traffic::refused, 5);
  blocks[1].add(Traffic::accepted, 2);
  EXPECT_EQ(blocks[0].value(Traffic::accepted), 1U);
  EXPECT_EQ(blocks[0].value(Traffic::refused), 5U);
  EXPECT_EQ(blocks[1].value(Traffic::accepted), 2U);
  EXPECT_EQ(sizeof(CounterBlock<Traffic>) % 64, 0U);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&blocks[1]) % 64, 0U);
}

TEST(Gauge, GoesUpAndDown) {
  Gauge gauge;
  gauge.add(5);
  gauge.add(-7);
  EXPECT_EQ(gauge.value(), -2);
  gauge.set(9);
  EXPECT_EQ(gauge.value(), 9);
}

}  // namespace
}  // namespace headrace::core
