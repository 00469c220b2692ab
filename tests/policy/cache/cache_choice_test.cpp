#include "policy/cache/cache_choice.h"

#include <string>

#include <gtest/gtest.h>

#include "policy/body/body_scan.h"

namespace headrace::policy {
namespace {

using config::CacheMode;
using config::RouteCache;
using config::Switch;

BodyFacts facts_of(Endpoint endpoint, std::string_view body) {
  const auto facts = scan_body(std::as_bytes(std::span(body)), endpoint, {});
  EXPECT_TRUE(facts.has_value()) << body;
  return facts.value_or(BodyFacts{});
}

RouteCache route(CacheMode mode, Switch deterministic_only = Switch::on) {
  RouteCache row{};
  row.mode = mode;
  row.deterministic_only = deterministic_only;
  return row;
}

CacheWish wish(std::string_view own) {
  CacheWish wish;
  if (!own.empty()) wish.read_own_field(own);
  return wish;
}

TEST(CacheChoice, FollowsTheRouteThenTheRequest) {
  const BodyFacts facts =
      facts_of(Endpoint::chat_completions, R"({"model":"m","temperature":0,"messages":[]})");
  struct Row {
    CacheMode mode;
    std::string_view own;
    CacheUse use;
  };
  for (const Row& row :
       {Row{CacheMode::off, "", CacheUse::none}, Row{CacheMode::off, "on", CacheUse::none},
        Row{CacheMode::off, "off", CacheUse::none}, Row{CacheMode::asked, "", CacheUse::bypass},
        Row{CacheMode::asked, "on", CacheUse::look_up},
        Row{CacheMode::asked, "refresh", CacheUse::refresh},
        Row{CacheMode::asked, "off", CacheUse::bypass},
        Row{CacheMode::always, "", CacheUse::look_up},
        Row{CacheMode::always, "on", CacheUse::look_up},
        Row{CacheMode::always, "refresh", CacheUse::refresh},
        Row{CacheMode::always, "off", CacheUse::bypass}}) {
    EXPECT_EQ(
        choose_cache_use(route(row.mode), wish(row.own), Endpoint::chat_completions, facts, 100),
        row.use)
        << static_cast<int>(row.mode) << " " << row.own;
  }
}

TEST(CacheChoice, OnlyDeterministicRequestsUnlessTheRouteSaysOtherwise) {
  struct Row {
    Endpoint endpoint;
    std::string_view body;
    bool deterministic;
  };
  using enum Endpoint;
  for (const Row& row : {
           Row{chat_completions, R"({"model":"m"})", false},
           Row{chat_completions, R"({"model":"m","temperature":0})", true},
           Row{chat_completions, R"({"model":"m","temperature":0.0})", true},
           Row{chat_completions, R"({"model":"m","temperature":-0})", true},
           Row{chat_completions, R"({"model":"m","temperature":0e7})", true},
           Row{chat_completions, R"({"model":"m","temperature":0.01})", false},
           Row{chat_completions, R"({"model":"m","temperature":1e-9})", false},
           Row{chat_completions, R"({"model":"m","temperature":null})", false},
           Row{chat_completions, R"({"model":"m","temperature":"0"})", false},
           Row{chat_completions, R"({"model":"m","x":{"temperature":0}})", false},
           Row{chat_completions, R"({"model":"m","seed":42})", true},
           Row{chat_completions, R"({"model":"m","seed":null})", false},
           Row{chat_completions, R"({"model":"m","seed":1.5})", false},
           Row{completions, R"({"model":"m","seed":42})", true},
           Row{responses, R"({"model":"m","temperature":0})", true},
           Row{responses, R"({"model":"m","seed":1})", false},
           Row{messages, R"({"model":"m","temperature":0})", true},
           Row{messages, R"({"model":"m","temperature":1})", false},
           Row{generate_content, R"({"generationConfig":{"temperature":0}})", true},
           Row{generate_content, R"({"generation_config":{"seed":3}})", true},
           Row{generate_content, R"({"temperature":0})", false},
           Row{embeddings, R"({"model":"m","input":"x"})", true},
           Row{moderations, R"({"model":"m","input":"x"})", true},
           Row{count_tokens, R"({"model":"m"})", true},
           Row{gemini_count_tokens, R"({})", true},
           Row{embed_content, R"({})", true},
           Row{batch_embed_contents, R"({})", true},
           Row{responses_input_tokens, R"({"model":"m"})", true},
       }) {
    const BodyFacts facts = facts_of(row.endpoint, row.body);
    EXPECT_EQ(is_deterministic(row.endpoint, facts), row.deterministic) << row.body;
    EXPECT_EQ(choose_cache_use(route(CacheMode::always), {}, row.endpoint, facts, 10),
              row.deterministic ? CacheUse::look_up : CacheUse::bypass);
    EXPECT_EQ(choose_cache_use(route(CacheMode::always, Switch::off), {}, row.endpoint, facts, 10),
              CacheUse::look_up);
  }
}

TEST(CacheChoice, NeverWhatTheProviderKeepsOrIsToKeep) {
  struct Row {
    Endpoint endpoint;
    std::string_view body;
  };
  using enum Endpoint;
  for (const Row& row : {
           Row{chat_completions, R"({"model":"m","seed":1,"store":true})"},
           Row{responses, R"({"model":"m","background":true})"},
           Row{responses, R"({"model":"m","previous_response_id":"r"})"},
           Row{responses, R"({"model":"m","conversation":"c"})"},
           Row{responses, R"({"model":"m","prompt":{"id":"p"}})"},
           Row{messages, R"({"model":"m","container":"c"})"},
           Row{generate_content, R"({"cachedContent":"c"})"},
       }) {
    EXPECT_EQ(choose_cache_use(route(CacheMode::always, Switch::off), wish("on"), row.endpoint,
                               facts_of(row.endpoint, row.body), 10),
              CacheUse::bypass)
        << row.body;
  }
}

TEST(CacheChoice, RequestsUpToTheLargestThatIsHashed) {
  const BodyFacts facts;
  const RouteCache always = route(CacheMode::always, Switch::off);
  EXPECT_EQ(choose_cache_use(always, {}, Endpoint::messages, facts, kCachedRequestBytesMax),
            CacheUse::look_up);
  EXPECT_EQ(choose_cache_use(always, {}, Endpoint::messages, facts, kCachedRequestBytesMax + 1),
            CacheUse::bypass);
}

}  // namespace
}  // namespace headrace::policy
