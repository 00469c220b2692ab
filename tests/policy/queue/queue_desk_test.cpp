#include "policy/queue/queue_desk.h"

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

using core::Duration;
using core::Instant;
using std::chrono::milliseconds;

constexpr Instant kBegin{std::chrono::hours(1)};

// A house whose limit has so much credit, and whose askers do as they are told.
class QueueDeskTest : public testing::Test, public QueueHouse {
 protected:
  void say(QueueTicket& to, QueueWord word, Duration wait) override {
    if (word == QueueWord::done) {
      ++done[&to];
      return;
    }
    if (word == QueueWord::refused) refused_wait = wait;
    words.push_back({&to, word});
  }
  Duration wait_for(const QueueTicket&, std::uint64_t amount) override {
    const std::uint64_t missing = amount > credit ? amount - credit : 0;
    return Duration(unit_length) * static_cast<std::int64_t>(missing);
  }

  QueueTicket& ticket(std::uint64_t tenant, std::uint32_t weight = 1, std::uint64_t limit = 1) {
    QueueTicket& made = tickets.emplace_back();
    made.terms = core::LimitTerms::bucket(limit << 32U, 10, 10, std::chrono::seconds(1));
    made.tenant = tenant;
    made.weight = weight;
    made.deadline = now + std::chrono::seconds(10);
    return made;
  }
  QueueTicket& concurrent(std::uint64_t tenant) {
    QueueTicket& made = ticket(tenant);
    made.terms = core::LimitTerms::concurrency(std::uint64_t{9} << 32U, 2);
    return made;
  }
  // Whom the desk has called since the last time; only one word at a time is expected.
  QueueTicket* called() {
    if (words.empty()) return nullptr;
    EXPECT_EQ(words.size(), 1U);
    const auto [to, word] = words.back();
    words.clear();
    return word == QueueWord::turn ? to : nullptr;
  }
  bool was_refused() {
    const bool refused = !words.empty() && words.back().second == QueueWord::refused;
    words.clear();
    return refused;
  }
  // The limit has nothing yet.
  void in_vain(QueueTicket& turn, Duration wait) {
    turn.ready_at = wait == Duration::max() ? core::kNever : now + wait;
    desk.again(turn, now);
  }

  Instant now = kBegin;
  std::uint64_t credit = 0;
  Duration unit_length = milliseconds(100);
  Duration refused_wait{};
  std::deque<QueueTicket> tickets;
  std::vector<std::pair<QueueTicket*, QueueWord>> words;
  std::map<QueueTicket*, int> done;
  QueueDesk desk{*this, {.queues_max = 2, .flows_max = 4}};
};

TEST_F(QueueDeskTest, TheFirstToComeIsCalledAtOnce) {
  QueueTicket& first = ticket(1);
  desk.ask(first, now);
  // Credit may have come back since the limit refused it, when nobody waited to be told.
  EXPECT_EQ(called(), &first);
  QueueTicket& second = ticket(1);
  desk.ask(second, now);
  EXPECT_EQ(called(), nullptr) << "one is called at a time";
  desk.served(first, now);
  EXPECT_EQ(done[&first], 1);
  EXPECT_EQ(called(), &second);
  desk.served(second, now);
  EXPECT_EQ(desk.waiting(), 0U);
}

TEST_F(QueueDeskTest, WhoWasCalledInVainIsCalledWhenTheLimitSaidSo) {
  QueueTicket& first = ticket(1);
  desk.ask(first, now);
  ASSERT_EQ(called(), &first);
  in_vain(first, milliseconds(100));
  EXPECT_EQ(called(), nullptr);
  EXPECT_EQ(desk.next_due(), now + milliseconds(100));
  now += milliseconds(99);
  desk.wake(now);
  EXPECT_EQ(called(), nullptr) << "not before, however often it is looked";
  now += milliseconds(1);
  desk.wake(now);
  EXPECT_EQ(called(), &first);
  desk.served(first, now);
  EXPECT_EQ(desk.next_due(), core::kNever);
}

TEST_F(QueueDeskTest, WhatIsGivenBackCallsTheNextOne) {
  QueueTicket& first = concurrent(1);
  QueueTicket& second = concurrent(2);
  desk.ask(first, now);
  ASSERT_EQ(called(), &first);
  in_vain(first, Duration::max());
  desk.ask(second, now);
  EXPECT_EQ(called(), nullptr);
  EXPECT_EQ(desk.next_due(), core::kNever) << "no time can be told";
  desk.given_back(queue_slot(std::uint64_t{8} << 32U));
  EXPECT_EQ(called(), nullptr) << "of another limit";
  desk.given_back(queue_slot(first.terms.identity));
  EXPECT_EQ(called(), &first);
  desk.served(first, now);
  EXPECT_EQ(called(), &second) << "more may have come back than one took";
  in_vain(second, Duration::max());
  desk.leave(second);
  EXPECT_EQ(done[&second], 1);
}

TEST_F(QueueDeskTest, WhatIsGivenBackWhileSomebodyHasHisTurnIsNotLost) {
  QueueTicket& first = concurrent(1);
  desk.ask(first, now);
  ASSERT_EQ(called(), &first);
  // It has asked the limit just before, and its word is still on its way.
  desk.given_back(queue_slot(first.terms.identity));
  EXPECT_EQ(called(), nullptr);
  in_vain(first, Duration::max());
  EXPECT_EQ(called(), &first);
  desk.served(first, now);
}

TEST_F(QueueDeskTest, TenantsAreCalledInProportionToTheirWeights) {
  std::map<std::uint64_t, int> served;
  for (int i = 0; i < 40; ++i) {
    desk.ask(ticket(1, 3), now);
    desk.ask(ticket(2, 1), now);
  }
  for (int i = 0; i < 40; ++i) {
    QueueTicket* turn = called();
    ASSERT_NE(turn, nullptr);
    ++served[turn->tenant];
    desk.served(*turn, now);
  }
  EXPECT_EQ(served[1], 30);
  EXPECT_EQ(served[2], 10);
  words.clear();
  for (QueueTicket& each : tickets) {
    if (done[&each] == 0) desk.leave(each);
    words.clear();
  }
  EXPECT_EQ(desk.waiting(), 0U);
}

TEST_F(QueueDeskTest, WhoWouldComeTooLateIsToldAtOnceHowLong) {
  for (int i = 0; i < 99; ++i)
    desk.ask(ticket(1), now);
  ASSERT_NE(called(), nullptr);
  QueueTicket& last = ticket(1);
  last.deadline = now + milliseconds(10'000);
  desk.ask(last, now);
  EXPECT_FALSE(was_refused()) << "99 before it, and itself: ten seconds";
  QueueTicket& beyond = ticket(1);
  beyond.deadline = now + milliseconds(10'000);
  desk.ask(beyond, now);
  EXPECT_TRUE(was_refused());
  EXPECT_EQ(refused_wait, milliseconds(10'100));
  desk.leave(beyond);
  EXPECT_EQ(done[&beyond], 1) << "it says goodbye, as everybody";
  // Of another tenant, whose turn comes soon.
  QueueTicket& other = ticket(2);
  other.deadline = now + milliseconds(1000);
  desk.ask(other, now);
  EXPECT_FALSE(was_refused());
  for (QueueTicket& each : tickets) {
    if (done[&each] == 0) desk.leave(each);
    words.clear();
  }
}

TEST_F(QueueDeskTest, HowFastOthersGiveBackIsLearned) {
  std::vector<QueueTicket*> waiting;
  for (int i = 0; i < 8; ++i)
    desk.ask(*waiting.emplace_back(&concurrent(1)), now);
  for (int i = 0; i < 6; ++i) {
    QueueTicket* turn = called();
    ASSERT_NE(turn, nullptr);
    in_vain(*turn, Duration::max());
    now += milliseconds(500);
    desk.given_back(queue_slot(turn->terms.identity));
    ASSERT_EQ(called(), turn);
    desk.served(*turn, now);
    ASSERT_EQ(words.size(), 1U);
  }
  words.clear();
  // Two wait before it, each for half a second.
  QueueTicket& last = concurrent(1);
  last.deadline = now + milliseconds(1'400);
  desk.ask(last, now);
  EXPECT_TRUE(was_refused());
  EXPECT_NEAR(static_cast<double>(refused_wait / milliseconds(1)), 1500, 10);
  for (QueueTicket& each : tickets) {
    if (done[&each] == 0) desk.leave(each);
    words.clear();
  }
}

TEST_F(QueueDeskTest, WhoLeavesInHisTurnPassesItOn) {
  QueueTicket& first = ticket(1);
  QueueTicket& second = ticket(2);
  desk.ask(first, now);
  desk.ask(second, now);
  ASSERT_EQ(called(), &first);
  desk.leave(first);
  EXPECT_EQ(called(), &second);
  desk.leave(second);
  EXPECT_EQ(called(), nullptr);
  EXPECT_EQ(desk.waiting(), 0U);
}

TEST_F(QueueDeskTest, AsManyLimitsAndTenantsAsThereIsRoomFor) {
  desk.ask(ticket(1, 1, 1), now);
  desk.ask(ticket(1, 1, 2), now);
  words.clear();
  QueueTicket& third = ticket(1, 1, 3);
  desk.ask(third, now);
  EXPECT_TRUE(was_refused());
  desk.leave(third);
  for (std::uint64_t tenant = 2; tenant <= 3; ++tenant)
    desk.ask(ticket(tenant, 1, 1), now);
  EXPECT_TRUE(words.empty());
  QueueTicket& fifth = ticket(4, 1, 1);
  desk.ask(fifth, now);
  EXPECT_TRUE(was_refused()) << "four tenants wait already";
  desk.leave(fifth);
  // A limit that nobody waits for any more makes room.
  for (QueueTicket& each : tickets) {
    if (done[&each] == 0) desk.leave(each);
    words.clear();
  }
  QueueTicket& late = ticket(1, 1, 3);
  desk.ask(late, now);
  EXPECT_EQ(called(), &late);
  desk.leave(late);
}

}  // namespace
}  // namespace headrace::policy
