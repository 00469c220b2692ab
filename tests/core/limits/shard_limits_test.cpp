#include "core/limits/shard_limits.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/limits/limit_traits.h"
#include "tests/core/limits/limit_world.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

std::optional<LimitRefusal> refusal(ShardLimits& shard, const LimitTerms& terms,
                                    std::int64_t amount, LimitTime now) {
  Permit permit;
  const LimitDemand demand{.terms = terms, .amount = amount};
  return shard.take({&demand, 1}, now, permit);
}

class Limits : public testing::Test {
 protected:
  LimitWorld world{{}};
  std::unique_ptr<ShardLimits> shard = world.shard(0);
  const LimitTerms minute = LimitTerms::sliding(1, 100, 1min);
  const LimitTerms second = LimitTerms::bucket(2, 10, 5, 1s);
  const LimitTerms day =
      LimitTerms::calendar(3, 100, 20833, {.unix_nanos = limit_time(1h).wall.unix_nanos});
  const LimitTerms open = LimitTerms::concurrency(4, 3);
};

TEST_F(Limits, EachKindGivesExactlyItsCredit) {
  for (const LimitTerms& terms : {minute, second, day})
    EXPECT_EQ(spend_all(*shard, terms, 1, limit_time(0s)), terms.credit);
  std::vector<Permit> held(4);
  const LimitDemand one{.terms = open, .amount = 1};
  for (int i = 0; i < 3; ++i)
    EXPECT_FALSE(shard->take({&one, 1}, limit_time(0s), held[static_cast<std::size_t>(i)]));
  EXPECT_TRUE(shard->take({&one, 1}, limit_time(0s), held[3]));
  held[1].settle_as_reserved();
  EXPECT_FALSE(shard->take({&one, 1}, limit_time(0s), held[3]));
}

TEST_F(Limits, SlidingCreditReturnsOneWindowAfterItWasSpentAndNotBefore) {
  EXPECT_TRUE(spend(*shard, minute, 60, limit_time(0s)));
  EXPECT_TRUE(spend(*shard, minute, 40, limit_time(30s)));
  EXPECT_FALSE(spend(*shard, minute, 1, limit_time(59s + 999ms)));
  EXPECT_FALSE(spend(*shard, minute, 61, limit_time(62s)));
  EXPECT_TRUE(spend(*shard, minute, 60, limit_time(62s)));
  EXPECT_FALSE(spend(*shard, minute, 1, limit_time(89s)));
  EXPECT_TRUE(spend(*shard, minute, 40, limit_time(92s)));
}

TEST_F(Limits, RetryAfterIsTheFirstMomentAtWhichItWorks) {
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(spend(*shard, minute, 10, limit_time(i * 1700ms)));
  for (const std::int64_t amount : {1, 10, 11, 55, 100}) {
    const auto refused = refusal(*shard, minute, amount, limit_time(20s));
    ASSERT_TRUE(refused && refused->retry_after);
    LimitWorld copy{{}};  // the same again, so that nothing of this try is left
    const auto other = copy.shard(0);
    for (int i = 0; i < 10; ++i)
      EXPECT_TRUE(spend(*other, minute, 10, limit_time(i * 1700ms)));
    EXPECT_FALSE(spend(*other, minute, amount, limit_time(20s + *refused->retry_after - 1ns)));
    EXPECT_TRUE(spend(*other, minute, amount, limit_time(20s + *refused->retry_after)));
  }
  spend_all(*shard, second, 1, limit_time(0s));
  const auto refused = refusal(*shard, second, 3, limit_time(0s));
  ASSERT_TRUE(refused && refused->retry_after);
  EXPECT_EQ(*refused->retry_after, 600ms);
  EXPECT_FALSE(spend(*shard, second, 3, limit_time(600ms - 1ns)));
  EXPECT_TRUE(spend(*shard, second, 3, limit_time(600ms)));
  spend_all(*shard, day, 1, limit_time(0s));
  EXPECT_EQ(refusal(*shard, day, 1, limit_time(0s))->retry_after, 1h);
  EXPECT_FALSE(refusal(*shard, LimitTerms::concurrency(9, 0), 0, limit_time(0s)));
  EXPECT_EQ(refusal(*shard, LimitTerms::concurrency(9, 1), 2, limit_time(0s))->cause,
            RefusalCause::beyond_limit);
}

// As a refusal says it, and for more than a window holds, as if it were asked for piece by piece.
TEST_F(Limits, TellsHowLongAnyAmountTakesToComeBack) {
  EXPECT_EQ(shard->wait_for(minute, 100, limit_time(0s)), 0s);
  EXPECT_EQ(spend_all(*shard, minute, 1, limit_time(3s)), 100);
  EXPECT_EQ(spend_all(*shard, second, 1, limit_time(3s)), 10);
  EXPECT_EQ(spend_all(*shard, day, 1, limit_time(3s)), 100);
  for (const LimitTerms& terms : {minute, second, day}) {
    for (const std::int64_t amount : {1, 4, 9}) {
      EXPECT_EQ(shard->wait_for(terms, amount, limit_time(3s)),
                refusal(*shard, terms, amount, limit_time(3s))->retry_after);
    }
  }
  // 5 a second come back.
  EXPECT_EQ(shard->wait_for(second, 25, limit_time(3s)), 5s);
  const Duration once = shard->wait_for(minute, 100, limit_time(3s));
  EXPECT_EQ(shard->wait_for(minute, 101, limit_time(3s)), 1min + once);
  EXPECT_EQ(shard->wait_for(minute, 200, limit_time(3s)), 1min + once);
  EXPECT_EQ(shard->wait_for(minute, 201, limit_time(3s)), 2min + once);
  EXPECT_EQ(shard->wait_for(open, 5, limit_time(3s)), 0s) << "nobody knows";
  EXPECT_GT(shard->wait_for(LimitTerms::bucket(8, 1, 1, 1h), kCreditMax, limit_time(3s)), 24h);
}

class Ears final : public CreditListener {
 public:
  void on_credit_back(std::uint64_t identity) override { heard.push_back(identity); }
  std::vector<std::uint64_t> heard;
};

TEST_F(Limits, TellsOfCreditThatComesBackBeforeItsTime) {
  Ears ears;
  shard->tell(ears);
  const std::vector<LimitDemand> demands = {{.terms = open, .amount = 1},
                                            {.terms = minute, .amount = 40}};
  Permit permit;
  ASSERT_FALSE(shard->take(demands, limit_time(0s), permit));
  EXPECT_TRUE(ears.heard.empty());
  const std::vector<std::int64_t> used = {1, 40};
  permit.settle(used, limit_time(1s));
  EXPECT_EQ(ears.heard, std::vector<std::uint64_t>{open.identity}) << "all of the other was used";
  ears.heard.clear();
  // Of a request that one of several limits refuses, too: it had the first for a moment.
  const std::vector<LimitDemand> too_much = {{.terms = open, .amount = 1},
                                             {.terms = minute, .amount = 61}};
  ASSERT_TRUE(shard->take(too_much, limit_time(1s), permit));
  EXPECT_EQ(ears.heard, std::vector<std::uint64_t>{open.identity});
}

TEST_F(Limits, BucketRefillsSteadilyAndNeverAboveItsBurst) {
  EXPECT_EQ(spend_all(*shard, second, 1, limit_time(0s)), 10);
  EXPECT_EQ(spend_all(*shard, second, 1, limit_time(1s)), 5);
  EXPECT_EQ(spend_all(*shard, second, 1, limit_time(1s + 199ms)), 0);
  EXPECT_EQ(spend_all(*shard, second, 1, limit_time(1s + 200ms)), 1);
  EXPECT_EQ(spend_all(*shard, second, 1, limit_time(1h)), 10);
  const LimitTerms odd = LimitTerms::bucket(7, 10, 3, 1s);
  EXPECT_TRUE(spend(*shard, odd, 10, limit_time(0s))) << "the whole burst, whatever the rounding";
}

TEST_F(Limits, CalendarMovesForwardOnly) {
  EXPECT_EQ(spend_all(*shard, day, 1, limit_time(0s)), 100);
  LimitTerms next = day;
  ++next.window;
  next.ends.unix_nanos += 86'400'000'000'000;
  EXPECT_EQ(spend_all(*shard, next, 1, limit_time(1h)), 100);
  EXPECT_EQ(spend_all(*shard, day, 1, limit_time(1h)), 0) << "an old window stays closed";
  // And whoever asks is told of the end of the one that is open.
  const LimitDemand demand{day, 1};
  Permit permit;
  const auto refused = shard->take({&demand, 1}, limit_time(1h), permit);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->retry_after, 24h);
  EXPECT_EQ(shard->read(day, limit_time(1h)).full_after, 24h);
}

TEST_F(Limits, AllAreTakenOrNone) {
  const LimitDemand demands[] = {{minute, 10}, {day, 5}, {open, 1}, {second, 11}};
  Permit permit;
  const auto refused = shard->take(demands, limit_time(0s), permit);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->decided, 3U);
  EXPECT_TRUE(permit.empty());
  EXPECT_EQ(shard->read(minute, limit_time(0s)).remaining, 100);
  EXPECT_EQ(shard->read(day, limit_time(0s)).remaining, 100);
  EXPECT_EQ(shard->read(open, limit_time(0s)).remaining, 3);
}

TEST_F(Limits, WhatIsDroppedComesBackAndWhatIsSettledOnlyTheDifference) {
  const LimitDemand demands[] = {{minute, 50}, {second, 8}, {day, 50}, {open, 1}};
  {
    Permit permit;
    ASSERT_FALSE(shard->take(demands, limit_time(0s), permit));
    EXPECT_EQ(shard->read(minute, limit_time(0s)).remaining, 50);
  }
  for (const LimitTerms& terms : {minute, second, day, open})
    EXPECT_EQ(shard->read(terms, limit_time(0s)).remaining, terms.credit);
  Permit permit;
  ASSERT_FALSE(shard->take(demands, limit_time(0s), permit));
  const std::int64_t used[] = {20, 3, 49, 1};
  permit.settle(used, limit_time(0s));
  EXPECT_EQ(shard->read(minute, limit_time(0s)).remaining, 80);
  EXPECT_EQ(shard->read(second, limit_time(0s)).remaining, 7);
  EXPECT_EQ(shard->read(day, limit_time(0s)).remaining, 51);
  EXPECT_EQ(shard->read(open, limit_time(0s)).remaining, 3);
}

TEST_F(Limits, NothingComesBackOnceItsStepWindowOrBucketHasPassed) {
  const LimitDemand demands[] = {{minute, 50}, {second, 8}, {day, 50}};
  Permit permit;
  ASSERT_FALSE(shard->take(demands, limit_time(0s), permit));
  LimitTerms next = day;
  ++next.window;
  EXPECT_TRUE(spend(*shard, next, 60, limit_time(70s)));
  EXPECT_TRUE(spend(*shard, minute, 60, limit_time(70s)));
  EXPECT_TRUE(spend(*shard, second, 6, limit_time(70s)));
  permit.refund();
  EXPECT_EQ(shard->read(minute, limit_time(70s)).remaining, 40);
  EXPECT_EQ(shard->read(second, limit_time(70s)).remaining, 4);
  EXPECT_EQ(shard->read(next, limit_time(70s)).remaining, 40);
}

TEST_F(Limits, WhatIsUsedBeyondTheReservationIsADebt) {
  const LimitDemand demands[] = {{minute, 50}, {second, 8}, {day, 50}};
  Permit permit;
  ASSERT_FALSE(shard->take(demands, limit_time(0s), permit));
  const std::int64_t used[] = {130, 20, 101};
  permit.settle(used, limit_time(0s));
  EXPECT_EQ(shard->counts().overruns, 3U);
  EXPECT_EQ(shard->read(minute, limit_time(0s)).debt, 30);
  EXPECT_EQ(shard->read(second, limit_time(0s)).debt, 10);
  EXPECT_EQ(shard->read(day, limit_time(0s)).debt, 1);
  for (const LimitTerms& terms : {minute, second, day}) {
    EXPECT_FALSE(spend(*shard, terms, 0, limit_time(0s))) << "nothing until it is paid";
    EXPECT_EQ(shard->read(terms, limit_time(0s)).remaining, 0);
  }
  EXPECT_FALSE(spend(*shard, second, 1, limit_time(2s + 100ms)));
  EXPECT_TRUE(spend(*shard, second, 1, limit_time(2s + 200ms)));
  EXPECT_TRUE(spend(*shard, minute, 100, limit_time(62s)));
}

TEST_F(Limits, ADebtOfALimitThatWasForgottenMeanwhileIsStillCharged) {
  const LimitDemand demand{minute, 50};
  Permit permit;
  ASSERT_FALSE(shard->take({&demand, 1}, limit_time(0s), permit));
  shard->tend(limit_time(10min));
  EXPECT_EQ(shard->read(minute, limit_time(10min)).remaining, 100);
  const std::int64_t used = 170;
  permit.settle({&used, 1}, limit_time(10min));
  EXPECT_EQ(shard->read(minute, limit_time(10min)).debt, 20);
}

TEST_F(Limits, AChangedCreditHoldsFromTheNextRequestAndForgetsNothing) {
  EXPECT_TRUE(spend(*shard, minute, 80, limit_time(0s)));
  LimitTerms lower = minute;
  lower.credit = 50;
  EXPECT_FALSE(spend(*shard, lower, 1, limit_time(1s)));
  LimitTerms higher = minute;
  higher.credit = 200;
  EXPECT_EQ(spend_all(*shard, higher, 1, limit_time(2s)), 120);
}

TEST_F(Limits, IdleOnesAreForgottenWhenAllTheirCreditHasReturned) {
  const LimitTerms total = LimitTerms::calendar(5, 10, 0, {.unix_nanos = INT64_MAX});
  for (const LimitTerms& terms : {minute, second, day, total})
    EXPECT_TRUE(spend(*shard, terms, 1, limit_time(0s)));
  const auto in_use = [&] {
    int count = 0;
    for (std::uint32_t i = 0; i < 64; ++i)
      count += LimitTable(world.memory(), 0).in_use(i).has_value() ? 1 : 0;
    return count;
  };
  shard->tend(limit_time(59s));
  EXPECT_EQ(in_use(), 4);
  shard->tend(limit_time(62s));
  EXPECT_EQ(in_use(), 3) << "the bucket has been full for a minute";
  shard->tend(limit_time(123s));
  EXPECT_EQ(in_use(), 2);
  shard->tend(limit_time(1h + 59s));
  EXPECT_EQ(in_use(), 2);
  shard->tend(limit_time(1h + 61s));
  EXPECT_EQ(in_use(), 1) << "what is counted for ever stays";
}

TEST_F(Limits, AFullTableMakesRoomFromIdleOnesAndRefusesOtherwise) {
  const LimitWorld::Size sizes[] = {{.entries = 64, .blocks = 8}, {.entries = 8, .blocks = 64}};
  for (const LimitWorld::Size& size : sizes) {
    LimitWorld small(size);
    const auto one = small.shard(0);
    for (std::uint64_t i = 1; i <= 8; ++i)
      EXPECT_TRUE(spend(*one, LimitTerms::sliding(i, 10, 1s), 1, limit_time(0s)));
    EXPECT_EQ(refusal(*one, LimitTerms::sliding(9, 10, 1s), 1, limit_time(0s))->cause,
              RefusalCause::no_room);
    for (std::uint64_t i = 11; i <= 18; ++i)
      EXPECT_TRUE(spend(*one, LimitTerms::sliding(i, 10, 1s), 1, limit_time(2min)));
  }
}

TEST_F(Limits, AnOperatorResetsALimit) {
  EXPECT_EQ(spend_all(*shard, minute, 1, limit_time(0s)), 100);
  shard->reset(minute.identity);
  EXPECT_EQ(shard->read(minute, limit_time(0s)).remaining, 100);
  EXPECT_EQ(spend_all(*shard, minute, 1, limit_time(0s)), 100);
}

TEST_F(Limits, ReadingsSayWhenAllIsBack) {
  EXPECT_EQ(shard->read(minute, limit_time(0s)).full_after, 0s);
  EXPECT_TRUE(spend(*shard, minute, 10, limit_time(0s)));
  const LimitReading reading = shard->read(minute, limit_time(1s));
  EXPECT_GE(reading.full_after, 59s);
  EXPECT_LE(reading.full_after, 60s);
  EXPECT_TRUE(spend(*shard, second, 5, limit_time(0s)));
  EXPECT_EQ(shard->read(second, limit_time(0s)).full_after, 1s);
  EXPECT_TRUE(spend(*shard, day, 5, limit_time(0s)));
  EXPECT_EQ(shard->read(day, limit_time(10min)).full_after, 50min);
}

TEST(LimitWordsOutOfBounds, CloseTheLimitUntilItIsReset) {
  const LimitTerms all[] = {
      LimitTerms::sliding(1, 100, 1min), LimitTerms::bucket(2, 10, 5, 1s),
      LimitTerms::calendar(3, 100, 20833, {.unix_nanos = limit_time(1h).wall.unix_nanos})};
  for (const LimitTerms& terms : all) {
    LimitWorld world{{}};
    const auto shard = world.shard(0);
    ASSERT_TRUE(spend(*shard, terms, 5, limit_time(0s)));
    LimitTable table(world.memory(), 0);
    LimitEntry& entry = table.entry(*table.find(terms.identity));
    entry.taken.store(terms.kind == WindowKind::bucket ? std::uint64_t{1} << 62U
                                                       : entry.taken.load() - 6);
    const auto refused = refusal(*shard, terms, 1, limit_time(1ms));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->cause, RefusalCause::closed);
    EXPECT_EQ(shard->counts().limits_closed, 1U);
    EXPECT_EQ(world.memory().header->limits_closed.load(), 1U);
    EXPECT_TRUE(shard->read(terms, limit_time(1h)).closed);
    EXPECT_EQ(refusal(*shard, terms, 1, limit_time(2min))->cause, RefusalCause::closed);
    shard->reset(terms.identity);
    EXPECT_TRUE(spend(*shard, terms, 1, limit_time(2min)));
  }
}

// A million keys with requests a minute and tokens a day, and so have their hundred thousand
// tenants.
TEST(LimitMemoryPlan, AMillionKeysStayWithinTheMark) {
  constexpr std::uint64_t kSliding = 1'100'000;
  constexpr std::uint64_t kCalendar = 1'100'000;
  // The table is filled to six tenths at most, so that look-ups stay short.
  constexpr std::uint64_t kBytes =
      (kSliding + kCalendar) * sizeof(LimitEntry) * 10 / 6 + kSliding * sizeof(StepBlock);
  EXPECT_LE(kBytes, 900'000'000U) << "1.5 GB is the mark; an idle limit takes nothing";
}

}  // namespace
}  // namespace headrace::core
