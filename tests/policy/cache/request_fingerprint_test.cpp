#include "policy/cache/request_fingerprint.h"

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "policy/body/body_scan.h"

namespace headrace::policy {
namespace {

FingerprintSecret secret(std::uint64_t seed, int byte) {
  FingerprintSecret made{.seed = seed};
  made.key.fill(static_cast<std::byte>(byte));
  return made;
}

// All of a key, for comparing.
using Whole = std::tuple<std::uint64_t, std::uint64_t, std::array<std::uint64_t, 2>, std::uint64_t,
                         std::string>;

class Fingerprints {
 public:
  explicit Fingerprints(const FingerprintSecret& made = secret(1, 2)) : fingerprint_(made) {}

  Whole of(std::string_view body, Endpoint endpoint = Endpoint::chat_completions,
           std::string_view head = "/v1/chat/completions\n", std::string_view scope = "tenant") {
    const auto bytes = std::as_bytes(std::span(body));
    const auto facts = scan_body(bytes, endpoint, {});
    EXPECT_TRUE(facts.has_value()) << body;
    const core::CacheKey key =
        fingerprint_.key(scope, endpoint, head, bytes, unheeded_fields(endpoint, facts.value()));
    return {key.hash.low, key.hash.high, key.tag, key.length, std::string(key.scope)};
  }

 private:
  RequestFingerprint fingerprint_;
};

constexpr std::string_view kBody = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";

TEST(RequestFingerprint, IsTheSameForTheSameAndOtherwiseForAnyByte) {
  Fingerprints prints;
  const Whole plain = prints.of(kBody);
  EXPECT_EQ(prints.of(kBody), plain);
  std::set<Whole> seen{plain};
  EXPECT_TRUE(seen.insert(prints.of(kBody, Endpoint::completions)).second);
  EXPECT_TRUE(seen.insert(prints.of(kBody, Endpoint::chat_completions, "/other\n")).second);
  EXPECT_TRUE(seen.insert(prints.of(kBody, Endpoint::chat_completions, "")).second);
  EXPECT_TRUE(
      seen.insert(prints.of(kBody, Endpoint::chat_completions, "/v1/chat/completions\n", "other"))
          .second);
  for (const std::string_view body :
       {R"({"model":"m","messages":[{"role":"user","content":"ho"}]})",
        R"({"model":"m", "messages":[{"role":"user","content":"hi"}]})",
        R"({"messages":[{"role":"user","content":"hi"}],"model":"m"})",
        R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true})",
        R"({"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":0})",
        (R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,)"
         R"("stream_options":{"include_usage":true}})")}) {
    EXPECT_TRUE(seen.insert(prints.of(body)).second) << body;
  }
}

TEST(RequestFingerprint, NeedsTheSecretOfItsProcess) {
  Fingerprints one(secret(1, 2));
  Fingerprints other_seed(secret(2, 2));
  Fingerprints other_key(secret(1, 3));
  const Whole first = one.of(kBody);
  EXPECT_NE(std::get<0>(other_seed.of(kBody)), std::get<0>(first));
  EXPECT_NE(std::get<0>(other_key.of(kBody)), std::get<0>(first));
  EXPECT_EQ(std::get<2>(other_seed.of(kBody)), std::get<2>(first));
  EXPECT_NE(std::get<2>(other_key.of(kBody)), std::get<2>(first));
}

// Scope, head and body stand next to each other in what is hashed: no byte may change sides.
TEST(RequestFingerprint, NothingCanBeShiftedFromOnePartToTheNext) {
  RequestFingerprint prints(secret(1, 2));
  std::set<std::tuple<std::uint64_t, std::uint64_t>> hashes;
  std::set<std::array<std::uint64_t, 2>> tags;
  const std::string all = "tenanthead{}";
  for (std::size_t first = 0; first <= all.size(); ++first) {
    for (std::size_t second = first; second <= all.size(); ++second) {
      const std::string_view text = all;
      const core::CacheKey key =
          prints.key(text.substr(0, first), Endpoint::messages, text.substr(first, second - first),
                     std::as_bytes(std::span(text.substr(second))), {});
      EXPECT_TRUE(hashes.insert({key.hash.low, key.hash.high}).second);
      EXPECT_TRUE(tags.insert(key.tag).second);
    }
  }
}

TEST(RequestFingerprint, LeavesOutWhoAsksAndNothingElse) {
  struct Row {
    Endpoint endpoint;
    std::string_view one;
    std::string_view other;
    bool same;
  };
  using enum Endpoint;
  for (
      const Row& row : {
          Row{chat_completions, R"({"model":"m","user":"a","n":1})",
              R"({"model":"m","user":"bcd","n":1})", true},
          Row{chat_completions, R"({"metadata":{"run":"1"},"model":"m"})",
              R"({"metadata":{},"model":"m"})", true},
          Row{chat_completions,
              R"({"safety_identifier":"a","prompt_cache_key":"b","user":"c","metadata":{"a":"b"}})",
              R"({"safety_identifier":"","prompt_cache_key":"x","user":"\u00fc","metadata":null})",
              true},
          Row{chat_completions, R"({"user":"a","service_tier":"flex"})",
              R"({"user":"a","service_tier":"auto"})", false},
          // Not in its place: a member of something else.
          Row{chat_completions, R"({"x":{"user":"a"}})", R"({"x":{"user":"b"}})", false},
          // Given or not is a difference: a miss too many does no harm.
          Row{chat_completions, R"({"model":"m","user":"a"})", R"({"model":"m"})", false},
          Row{completions, R"({"user":"a"})", R"({"user":"b"})", true},
          Row{embeddings, R"({"user":"a"})", R"({"user":"b"})", true},
          Row{moderations, R"({"user":"a"})", R"({"user":"b"})", false},
          Row{messages, R"({"metadata":{"user_id":"a"}})", R"({"metadata":{"user_id":"b"}})", true},
          Row{messages, R"({"metadata":{"user_id":"a","x":1}})",
              R"({"metadata":{"user_id":"a","x":2}})", false},
          // Responses repeats them in its answer.
          Row{responses, R"({"user":"a"})", R"({"user":"b"})", false},
          Row{responses, R"({"metadata":{"a":"b"}})", R"({"metadata":{"a":"c"}})", false},
          Row{generate_content, R"({"labels":{"a":"b"}})", R"({"labels":{"a":"c"}})", false},
      }) {
    Fingerprints prints;
    EXPECT_EQ(prints.of(row.one, row.endpoint) == prints.of(row.other, row.endpoint), row.same)
        << row.one << " " << row.other;
  }
}

// Two bodies that are the same bytes once the values are gone, but mean different things: where the
// values stood is hashed too.
TEST(RequestFingerprint, WhatIsLeftOutLeavesItsPlaceBehind) {
  RequestFingerprint prints(secret(1, 2));
  const std::string body = R"({"a":"xx","b":"xx"})";
  const auto key_without = [&](std::uint32_t at) {
    UnheededFields fields;
    fields.ranges[0] = {at, 4};
    fields.count = 1;
    return prints.key("t", Endpoint::messages, "", std::as_bytes(std::span(body)), fields);
  };
  // Either way {"a":,"b":"xx"} and {"a":"xx","b":} have as many bytes; with equal members they
  // would even be equal.
  const std::string twins = R"([1234,1234,])";
  std::set<std::array<std::uint64_t, 2>> tags;
  for (const std::uint32_t at : {1U, 6U}) {
    UnheededFields fields;
    fields.ranges[0] = {at, 5};
    fields.count = 1;
    const core::CacheKey key =
        prints.key("t", Endpoint::messages, "", std::as_bytes(std::span(twins)), fields);
    EXPECT_TRUE(tags.insert(key.tag).second);
  }
  EXPECT_NE(key_without(5).tag, key_without(14).tag);
}

TEST(RequestFingerprint, HeadersThatNeverChangeAnAnswer) {
  for (const std::string_view name :
       {"User-Agent", "user-agent", "X-Stainless-Retry-Count", "x-stainless-lang",
        "Idempotency-Key", "X-Headrace-Cache", "X-Headrace-Tags", "Cache-Control", "Pragma",
        "Origin", "Referer", "Sec-Fetch-Mode", "tracestate", "Accept-Encoding"}) {
    EXPECT_TRUE(is_unheeded_header(name)) << name;
  }
  for (const std::string_view name :
       {"anthropic-beta", "anthropic-version", "OpenAI-Organization", "OpenAI-Beta", "Accept",
        "Accept-Language", "Content-Type", "Cookie", "X-Goog-User-Project", "X-Stainles", "x", "",
        "user-agents", "x-headrace", "Authorizations"}) {
    EXPECT_FALSE(is_unheeded_header(name)) << name;
  }
}

}  // namespace
}  // namespace headrace::policy
