#include "core/cache/flight_desk.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "tests/core/cache/cache_entries.h"

namespace headrace::core {
namespace {

constexpr std::string_view kWordNames[] = {"lead", "hit", "alone", "stop", "done"};

// What was said, in order, as "3:lead 4:hit".
class Said final : public FlightWords {
 public:
  void say(FlightTicket& to, FlightWord word, CacheHold entry) override {
    if (!text.empty()) text += ' ';
    text +=
        std::to_string(to.shard) + ":" + std::string(kWordNames[static_cast<std::size_t>(word)]);
    EXPECT_EQ(static_cast<bool>(entry), word == FlightWord::hit);
    if (entry) held.push_back(std::move(entry));
  }
  std::string take() { return std::exchange(text, {}); }

  std::string text;
  std::vector<CacheHold> held;
};

class FlightDeskTest : public testing::Test {
 protected:
  FlightTicket& ticket(std::uint32_t number, std::uint64_t key = 1,
                       std::string_view scope = "tenant") {
    tickets.push_back(std::make_unique<FlightTicket>(cache_key(key, scope), number));
    return *tickets.back();
  }

  CacheStore store{1024 * 1024, 1};
  CachePartition home{store, 0};
  Said said;
  std::vector<std::unique_ptr<FlightTicket>> tickets;
  FlightDesk desk{said, {.flights_max = 2}};
  CacheHold entry = build_entry(store, home, cache_key(1), cache_body(1, 100));
};

TEST_F(FlightDeskTest, TheFirstLeadsAndTheOthersGetWhatItFetched) {
  FlightTicket& one = ticket(1);
  FlightTicket& two = ticket(2);
  FlightTicket& three = ticket(3);
  desk.ask(one, 8);
  desk.ask(two, 8);
  desk.ask(three, 8);
  EXPECT_EQ(said.take(), "1:lead");
  desk.finish(one, FlightEnd::stored, entry);
  EXPECT_EQ(said.take(), "2:hit 3:hit 1:done");
  EXPECT_EQ(said.held.size(), 2U);
  desk.leave(two);
  desk.leave(three);
  EXPECT_EQ(said.take(), "2:done 3:done");
  EXPECT_EQ(desk.flights(), 0U);
}

TEST_F(FlightDeskTest, AFailureIsNotSharedTheNextOneLeads) {
  FlightTicket& one = ticket(1);
  FlightTicket& two = ticket(2);
  FlightTicket& three = ticket(3);
  desk.ask(one, 8);
  desk.ask(two, 8);
  desk.ask(three, 8);
  said.take();
  desk.finish(one, FlightEnd::failed, {});
  EXPECT_EQ(said.take(), "2:lead 1:done");
  desk.finish(two, FlightEnd::failed, {});
  EXPECT_EQ(said.take(), "3:lead 2:done");
  desk.finish(three, FlightEnd::stored, entry);
  EXPECT_EQ(said.take(), "3:done");
  EXPECT_EQ(desk.flights(), 0U);
}

TEST_F(FlightDeskTest, WhatHasNoPlaceInTheCacheSendsEverybodyOnTheirOwnWay) {
  FlightTicket& one = ticket(1);
  FlightTicket& two = ticket(2);
  FlightTicket& three = ticket(3);
  desk.ask(one, 8);
  desk.ask(two, 8);
  desk.ask(three, 8);
  said.take();
  desk.finish(one, FlightEnd::alone, {});
  EXPECT_EQ(said.take(), "2:alone 3:alone 1:done");
}

TEST_F(FlightDeskTest, OtherKeysAndOtherScopesDoNotWaitForEachOther) {
  FlightTicket& one = ticket(1, 1, "tenant");
  FlightTicket& two = ticket(2, 1, "other tenant");
  desk.ask(one, 8);
  desk.ask(two, 8);
  EXPECT_EQ(said.take(), "1:lead 2:lead");
  // The same hash, as an adversary might make it.
  FlightTicket& three = ticket(3, 7, "tenant");
  three.key.hash = one.key.hash;
  desk.ask(three, 8);
  EXPECT_EQ(said.take(), "3:alone") << "two flights are all that there may be";
  for (FlightTicket* each : {&one, &two, &three})
    desk.leave(*each);
  EXPECT_EQ(desk.flights(), 0U);
}

TEST_F(FlightDeskTest, WaitersAreBounded) {
  FlightTicket& one = ticket(1);
  FlightTicket& two = ticket(2);
  FlightTicket& three = ticket(3);
  desk.ask(one, 1);
  desk.ask(two, 1);
  desk.ask(three, 1);
  EXPECT_EQ(said.take(), "1:lead 3:alone");
  FlightTicket& four = ticket(4);
  desk.ask(four, 0);
  EXPECT_EQ(said.take(), "4:alone");
  for (FlightTicket* each : {&four, &three, &two, &one})
    desk.leave(*each);
}

TEST_F(FlightDeskTest, ALeaderWhoseClientLeftGoesOnWhileAnybodyWaits) {
  FlightTicket& one = ticket(1);
  FlightTicket& two = ticket(2);
  FlightTicket& three = ticket(3);
  desk.ask(one, 8);
  desk.ask(two, 8);
  desk.ask(three, 8);
  said.take();
  desk.client_left(one);
  EXPECT_EQ(said.take(), "");
  desk.leave(two);
  EXPECT_EQ(said.take(), "2:done");
  desk.leave(three);
  EXPECT_EQ(said.take(), "1:stop 3:done");
  FlightTicket& four = ticket(4);
  desk.ask(four, 8);
  EXPECT_EQ(said.take(), "4:lead") << "that flight is over";
  desk.finish(one, FlightEnd::stored, entry);
  EXPECT_EQ(said.take(), "1:done") << "too late for anybody";
  desk.leave(four);
}

TEST_F(FlightDeskTest, ALeaderWhoseClientLeftStopsAtOnceWhereNobodyWaits) {
  FlightTicket& one = ticket(1);
  desk.ask(one, 8);
  said.take();
  desk.client_left(one);
  EXPECT_EQ(said.take(), "1:stop");
  EXPECT_EQ(desk.flights(), 0U);
  desk.leave(one);
  EXPECT_EQ(said.take(), "1:done");
}

TEST_F(FlightDeskTest, WhoComesWhileALeadersClientIsGoneIsWaitedForToo) {
  FlightTicket& one = ticket(1);
  FlightTicket& two = ticket(2);
  FlightTicket& three = ticket(3);
  desk.ask(one, 8);
  desk.ask(two, 8);
  desk.client_left(one);
  desk.ask(three, 8);
  desk.leave(two);
  EXPECT_EQ(said.take(), "1:lead 2:done");
  desk.finish(one, FlightEnd::stored, entry);
  EXPECT_EQ(said.take(), "3:hit 1:done");
  desk.leave(three);
}

// Words that cross each other: the desk has made it leader, or answered it, while its leave was on
// the way.
TEST_F(FlightDeskTest, ALeaveThatCrossedAnotherWordEndsWellToo) {
  FlightTicket& one = ticket(1);
  FlightTicket& two = ticket(2);
  FlightTicket& three = ticket(3);
  desk.ask(one, 8);
  desk.ask(two, 8);
  desk.ask(three, 8);
  desk.leave(one);
  EXPECT_EQ(said.take(), "1:lead 2:lead 1:done");
  desk.leave(two);
  EXPECT_EQ(said.take(), "3:lead 2:done");
  desk.leave(three);
  EXPECT_EQ(said.take(), "3:done");
  desk.leave(three);
  EXPECT_EQ(said.take(), "3:done");
  EXPECT_EQ(desk.flights(), 0U);
}

// Whatever happens in whatever order: everybody who asked hears something that ends its wait or
// leaves, there is never a second leader while one leads, and nothing is left at the end.
TEST_F(FlightDeskTest, AtAnyOrderNobodyIsForgotten) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<std::unique_ptr<FlightTicket>> asked;
    FlightDesk many(said, {.flights_max = 3});
    for (int step = 0; step < 60; ++step) {
      if (asked.empty() || random.one_in(3)) {
        asked.push_back(
            std::make_unique<FlightTicket>(cache_key(random.below(4)), std::uint32_t{7}));
        many.ask(*asked.back(), 3);
        continue;
      }
      const std::size_t at = random.below(asked.size());
      FlightTicket& one = *asked[at];
      switch (random.below(4)) {
        case 0:
          many.client_left(one);
          continue;
        case 1:
          many.leave(one);
          break;
        default:
          many.finish(one, static_cast<FlightEnd>(random.below(3)), entry);
          break;
      }
      asked.erase(asked.begin() + static_cast<std::ptrdiff_t>(at));
    }
    for (const auto& left : asked)
      many.leave(*left);
    EXPECT_EQ(many.flights(), 0U);
  }
  said.held.clear();
  entry.reset();
  EXPECT_EQ(store.memory().blocks_taken(), 0U);
}

}  // namespace
}  // namespace headrace::core
