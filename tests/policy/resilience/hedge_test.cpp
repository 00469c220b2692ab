#include "policy/resilience/hedge.h"

#include <functional>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

constexpr HedgeRules kRules{.after_ms = 800, .latency_percent = 0};

HedgeQuestion plain_request() {
  return {.tries = 1, .tries_max = 3, .targets = 2, .body_held = true};
}

TEST(Hedge, IsOffByDefault) {
  EXPECT_EQ(HedgeRules{}.after_ms, 0U);
  EXPECT_FALSE(may_hedge(HedgeRules{}, plain_request()));
  EXPECT_TRUE(may_hedge(kRules, plain_request()));
}

TEST(Hedge, IsForRequestsThatMayBeAskedTwice) {
  struct Row {
    std::string_view what;
    std::function<void(HedgeQuestion&)> change;
    bool hedged;
  };
  const Row rows[] = {
      {"the first try", [](HedgeQuestion&) {}, true},
      {"the second of three tries", [](HedgeQuestion& ask) { ask.tries = 2; }, true},
      {"no try is left", [](HedgeQuestion& ask) { ask.tries = 3; }, false},
      {"a route that tries once", [](HedgeQuestion& ask) { ask.tries_max = 1; }, false},
      {"no entry is left in its record",
       [](HedgeQuestion& ask) { ask.tries = kAttemptsMax, ask.tries_max = 100; }, false},
      {"one target", [](HedgeQuestion& ask) { ask.targets = 1; }, false},
      {"a body that passes through", [](HedgeQuestion& ask) { ask.body_held = false; }, false},
      {"the client's own key", [](HedgeQuestion& ask) { ask.own_key = true; }, false},
      {"an answer that is stored", [](HedgeQuestion& ask) { ask.leaves_something = true; }, false},
  };
  for (const Row& row : rows) {
    HedgeQuestion ask = plain_request();
    row.change(ask);
    EXPECT_EQ(may_hedge(kRules, ask), row.hedged) << row.what;
  }
}

TEST(Hedge, WaitsForItsTimeOrForWhatIsUsualOfTheTarget) {
  struct Row {
    HedgeRules rules;
    std::uint64_t usual_us;
    std::uint32_t delay_ms;
  };
  for (const Row& row : {
           Row{{.after_ms = 800, .latency_percent = 0}, 5'000'000, 800},
           Row{{.after_ms = 800, .latency_percent = 200}, 0, 800},
           Row{{.after_ms = 800, .latency_percent = 200}, 399'999, 800},
           Row{{.after_ms = 800, .latency_percent = 200}, 1'000'000, 2'000},
           Row{{.after_ms = 1, .latency_percent = 50}, 1'000'000, 500},
           Row{{.after_ms = 1, .latency_percent = 1'000}, UINT64_MAX, 864'000'000},
       }) {
    EXPECT_EQ(hedge_delay_ms(row.rules, row.usual_us), row.delay_ms) << row.usual_us;
  }
}

// A client must not lose a good answer to a bad one that came sooner.
TEST(Hedge, IsWonByTheFirstThatIsNoFailure) {
  using enum AttemptEnd;
  for (const AttemptEnd end : {answered, refused, client_left, total_timeout}) {
    EXPECT_EQ(judge_hedge(end), HedgeVerdict::wins) << row(end).name;
  }
  for (const AttemptEnd end : {busy, key_refused, account_spent, rate_limited, overloaded,
                               server_error, no_address, connect_failed, connect_timeout,
                               closed_early, first_byte_timeout, invalid_answer, gateway_short}) {
    EXPECT_EQ(judge_hedge(end), HedgeVerdict::out) << row(end).name;
  }
}

TEST(Hedge, WhatWasBeatenIsNobodysFaultAndMayCostAllTheSame) {
  const AttemptRow& beaten = row(AttemptEnd::beaten);
  EXPECT_FALSE(beaten.retry);
  EXPECT_FALSE(beaten.proves);
  EXPECT_EQ(beaten.blame, Blame::nobody);
  EXPECT_TRUE(beaten.may_cost);
}

}  // namespace
}  // namespace headrace::policy
