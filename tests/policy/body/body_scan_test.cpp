#include "policy/body/body_scan.h"

#include <cstring>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::expected<BodyFacts, BodyError> scan(std::string_view text,
                                         Endpoint endpoint = Endpoint::chat_completions,
                                         const BodyLimits& limits = {}) {
  const std::unique_ptr<char[]> exact(new char[text.size()]);
  std::memcpy(exact.get(), text.data(), text.size());
  return scan_body(bytes_of({exact.get(), text.size()}), endpoint, limits);
}

// As it arrives in packets of that size, the body moving to a larger buffer each time.
std::expected<BodyFacts, BodyError> scan_in_packets(std::string_view text, std::size_t packet,
                                                    Endpoint endpoint) {
  BodyScan scan(endpoint, {});
  for (std::size_t here = std::min(packet, text.size());;
       here = std::min(here + packet, text.size())) {
    const std::string arrived(text.substr(0, here));
    while (scan.scanned() < here) {
      if (const auto ok = scan.advance(bytes_of(arrived)); !ok) return std::unexpected(ok.error());
    }
    if (here == text.size()) return scan.finish();
  }
}

std::string_view at(std::string_view body, ByteRange range) {
  return range.in(bytes_of(body));
}

TEST(BodyScan, FindsTheFactsOfAChat) {
  const std::string body =
      R"({"model":"gpt-4o","messages":[{"role":"user","content":"hi","model":"no"}],"stream":true,)"
      R"("stream_options":{"include_obfuscation":false,"include_usage":false},"max_tokens":7,)"
      R"("max_completion_tokens":9,"n":2,"service_tier":"flex","metadata":{"k":"v"},"user":"u",)"
      R"("store":true})";
  const auto facts = scan(body);
  ASSERT_TRUE(facts) << name(facts.error().message);
  EXPECT_EQ(at(body, facts->root.value), body);
  EXPECT_EQ(facts->root.members_at, 1U);
  EXPECT_FALSE(facts->root.empty);
  EXPECT_EQ(at(body, facts->model.value), "\"gpt-4o\"");
  EXPECT_EQ(facts->model.raw(bytes_of(body)), "gpt-4o");
  EXPECT_TRUE(facts->stream.given && facts->stream.is_true);
  EXPECT_EQ(at(body, facts->stream_options.value),
            R"({"include_obfuscation":false,"include_usage":false})");
  EXPECT_EQ(body.substr(facts->stream_options.members_at, 5), "\"incl");
  EXPECT_TRUE(facts->include_usage.given);
  EXPECT_FALSE(facts->include_usage.is_true);
  EXPECT_EQ(at(body, facts->include_usage.value), "false");
  EXPECT_EQ(facts->output_cap.count, 9);
  EXPECT_EQ(facts->output_cap_legacy.count, 7);
  EXPECT_EQ(facts->output_cap_given(), 9);
  EXPECT_EQ(facts->choices.count, 2);
  EXPECT_EQ(facts->answers_billed(), 2);
  EXPECT_EQ(facts->service_tier.raw(bytes_of(body)), "flex");
  EXPECT_EQ(at(body, facts->metadata.value), R"({"k":"v"})");
  EXPECT_EQ(facts->user.raw(bytes_of(body)), "u");
  EXPECT_TRUE(facts->store.is_true);
  EXPECT_FALSE(facts->background.given);
}

TEST(BodyScan, KnowsEachDialectsNames) {
  struct Case {
    Endpoint endpoint;
    std::string body;
    std::int64_t cap;
    std::int64_t answers;
  };
  const std::vector<Case> cases = {
      {Endpoint::chat_completions, R"({"max_tokens":5})", 5, 1},
      {Endpoint::completions, R"({"max_tokens":5,"n":2,"best_of":4})", 5, 4},
      // Each prompt of a list has answers of its own; numbers are one prompt together.
      {Endpoint::completions, R"({"max_tokens":5,"prompt":"a"})", 5, 1},
      {Endpoint::completions, R"({"max_tokens":5,"prompt":["a"]})", 5, 1},
      {Endpoint::completions, R"({"max_tokens":5,"n":2,"prompt":["a","b","c"]})", 5, 6},
      {Endpoint::completions, R"({"max_tokens":5,"prompt":[1,2,3]})", 5, 1},
      {Endpoint::completions, R"({"max_tokens":5,"prompt":[[1,2,3],[4]]})", 5, 2},
      {Endpoint::completions, R"({"max_tokens":5,"n":9007199254740992,"prompt":["a","b"]})", 5,
       std::int64_t{1} << 32},
      {Endpoint::responses, R"({"max_output_tokens":5,"max_tokens":"of no interest"})", 5, 1},
      {Endpoint::messages, R"({"max_tokens":5,"n":"of no interest"})", 5, 1},
      {Endpoint::generate_content,
       R"({"generationConfig":{"maxOutputTokens":5,"candidateCount":3}})", 5, 3},
      {Endpoint::stream_generate_content,
       R"({"generation_config":{"max_output_tokens":5,"candidate_count":3}})", 5, 3},
  };
  for (const Case& c : cases) {
    const auto facts = scan(c.body, c.endpoint);
    ASSERT_TRUE(facts) << c.body << name(facts.error().message);
    EXPECT_EQ(facts->output_cap_given(), c.cap) << c.body;
    EXPECT_EQ(facts->answers_billed(), c.answers) << c.body;
  }
  const auto nothing = scan("{}");
  ASSERT_TRUE(nothing);
  EXPECT_EQ(nothing->output_cap_given(), std::nullopt);
  EXPECT_EQ(nothing->answers_billed(), 1);
  EXPECT_TRUE(nothing->root.empty);
}

TEST(BodyScan, KnowsHowLongAnAnthropicModelMayThink) {
  const auto thinking = [](std::string_view what) {
    const auto facts =
        scan(R"({"max_tokens":9000,"thinking":)" + std::string(what) + "}", Endpoint::messages);
    EXPECT_TRUE(facts) << what;
    return facts ? facts->thinking_budget : -1;
  };
  EXPECT_EQ(thinking(R"({"type":"enabled","budget_tokens":5000})"), 5000);
  for (const char* other : {R"({"type":"adaptive"})", R"({"budget_tokens":"5"})", R"([5])", "null"})
    EXPECT_EQ(thinking(other), 0) << other;
}

TEST(BodyScan, SeesWhatMakesAProviderKeepThings) {
  const auto responses =
      scan(R"({"model":"m","background":true,"store":null,"previous_response_id":"resp_1"})",
           Endpoint::responses);
  ASSERT_TRUE(responses);
  EXPECT_TRUE(responses->background.is_true);
  EXPECT_FALSE(responses->store.given);
  EXPECT_TRUE(responses->store.value);
  EXPECT_TRUE(responses->previous_response_id.given);
  EXPECT_FALSE(responses->stored_reference);
  for (const auto& [endpoint, body] : std::vector<std::pair<Endpoint, std::string>>{
           {Endpoint::responses, R"({"conversation":"conv_1"})"},
           {Endpoint::responses, R"({"conversation":{"id":"conv_1"}})"},
           {Endpoint::responses, R"({"prompt":{"id":"pmpt_1"}})"},
           {Endpoint::messages, R"({"container":"c"})"},
           {Endpoint::generate_content, R"({"cachedContent":"cachedContents/1"})"},
           {Endpoint::generate_content, R"({"cached_content":"cachedContents/1"})"}}) {
    const auto facts = scan(body, endpoint);
    ASSERT_TRUE(facts) << body;
    EXPECT_TRUE(facts->stored_reference) << body;
  }
  EXPECT_FALSE(scan(R"({"conversation":null})", Endpoint::responses)->stored_reference);
}

struct Refused {
  std::string body;
  BodyErrorKind kind;
  std::uint32_t offset;
  Endpoint endpoint = Endpoint::chat_completions;
};

TEST(BodyScan, RefusesWithTheKindAndThePlace) {
  using enum BodyErrorKind;
  const std::vector<Refused> cases = {
      {"", empty, 0},
      {" \n\t ", empty, 4},
      {"[]", not_an_object, 0},
      {" \"x\"", not_an_object, 1},
      {"12", not_an_object, 0},
      {"null", not_an_object, 0},
      {"{", incomplete, 1},
      {"{\"model\":\"m", incomplete, 11},
      {"{\"model\":\"m\"", incomplete, 12},
      {"{\"a\":1}}", trailing, 7},
      {"{\"a\":1} x", trailing, 8},
      {"{\"a\":tru}", syntax, 8},
      {"{\"a\":\"\xFF\"}", invalid_utf8, 6},
      {R"({"model":"a","model":"b"})", duplicate_key, 21},
      {R"({"model":"a","mod\u0065l":"b"})", duplicate_key, 26},
      {R"({"model":"a","x":{"model":"ok"},"MODEL":"b"})", ambiguous_key, 32},
      {R"({"n":1,"n":1})", duplicate_key, 11},
      {R"({"stream":true,"stream":true})", duplicate_key, 24},
      {R"({"max_tokens":1,"max_tokens":2})", duplicate_key, 29},
      {R"({"stream_options":{},"stream_options":null})", duplicate_key, 38},
      {R"({"stream_options":{"include_usage":true,"include_usage":false}})", duplicate_key, 56},
      {R"({"messages":[],"messages":[]})", duplicate_key, 26},
      {R"({"Stream":true})", ambiguous_key, 1},
      {R"({"stream_options":{"Include_usage":true}})", ambiguous_key, 19},
      {R"({"model":1})", wrong_type, 9},
      {R"({"model":["m"]})", wrong_type, 9},
      {R"({"stream":"true"})", wrong_type, 10},
      {R"({"stream":1})", wrong_type, 10},
      {R"({"stream_options":true})", wrong_type, 18},
      {R"({"max_tokens":"5"})", wrong_type, 14},
      {R"({"max_tokens":{"a":1}})", wrong_type, 14},
      {R"({"max_tokens":-1})", out_of_range, 14},
      {R"({"max_tokens":1.5})", out_of_range, 14},
      {R"({"max_tokens":1e400})", out_of_range, 14},
      {R"({"max_tokens":9223372036854775808})", out_of_range, 14},
      {R"({"max_tokens":9007199254740993})", out_of_range, 14},
      {R"({"n":18446744073709551617})", out_of_range, 5},
      {R"({"metadata":"x"})", wrong_type, 12},
      {R"({"model":"a\nb"})", out_of_range, 9},
      {R"({"model":"a\u0000b"})", out_of_range, 9},
      {R"({"model":"\ud800"})", out_of_range, 9},
      {"{\"model\":\"a\x7F\"}", out_of_range, 9},
      {R"({"generationConfig":{},"generation_config":{}})", duplicate_key, 43,
       Endpoint::generate_content},
      {R"({"generationConfig":{"maxOutputTokens":1,"max_output_tokens":2}})", duplicate_key, 61,
       Endpoint::generate_content},
      {R"({"generationConfig":{"maxOutputTokens":"1"}})", wrong_type, 39,
       Endpoint::generate_content},
      {R"({"requests":[{"model":"a"},{"model":"b"}]})", duplicate_key, 36,
       Endpoint::batch_embed_contents},
      {R"({"requests":[{"model":"a","model":"a"}]})", duplicate_key, 34,
       Endpoint::batch_embed_contents},
  };
  for (const Refused& refused : cases) {
    const auto facts = scan(refused.body, refused.endpoint);
    ASSERT_FALSE(facts) << refused.body;
    EXPECT_EQ(facts.error().kind, refused.kind)
        << refused.body << ": " << name(facts.error().message);
    EXPECT_EQ(facts.error().offset, refused.offset) << refused.body;
    for (const std::size_t packet : {1U, 7U}) {
      const auto again = scan_in_packets(refused.body, packet, refused.endpoint);
      ASSERT_FALSE(again) << refused.body;
      EXPECT_EQ(again.error().kind, refused.kind) << refused.body;
      EXPECT_EQ(again.error().offset, refused.offset) << refused.body;
    }
  }
}

TEST(BodyScan, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(scan(R"({"max_tokens":-1})").error().field, "max_tokens");
  EXPECT_EQ(scan(R"({"stream_options":{"include_usage":1}})").error().field, "include_usage");
}

TEST(BodyScan, LeavesOtherKeysAlone) {
  EXPECT_TRUE(scan(
      R"({"top_p":1e400,"top_p":[],"temperature":1e400,"seed":[],"x":-1,"X":9223372036854775808,)"
      R"("tools":[{"model":1,"model":2,"N":0}],"max_output_tokens":"?"})"));
}

TEST(BodyScan, HoldsItsLimits) {
  const std::string body = R"({"a":[[[1]]]})";
  EXPECT_TRUE(scan(body, Endpoint::chat_completions, {.depth_max = 4}));
  EXPECT_EQ(scan(body, Endpoint::chat_completions, {.depth_max = 3}).error().kind,
            BodyErrorKind::too_deep);
  const auto size = static_cast<std::uint32_t>(body.size());
  EXPECT_TRUE(scan(body, Endpoint::chat_completions, {.body_bytes_max = size}));
  EXPECT_EQ(scan(body, Endpoint::chat_completions, {.body_bytes_max = size - 1}).error().kind,
            BodyErrorKind::too_large);
  const std::string longest(kModelBytesMax, 'm');
  EXPECT_TRUE(scan("{\"model\":\"" + longest + "\"}"));
  EXPECT_TRUE(scan("{\"model\":\"\\u006d" + longest.substr(1) + "\"}"));
  EXPECT_EQ(scan("{\"model\":\"" + longest + "m\"}").error().kind, BodyErrorKind::out_of_range);
  EXPECT_EQ(scan("{\"model\":\"\\u006d" + longest + "\"}").error().kind,
            BodyErrorKind::out_of_range);
}

TEST(BodyScan, SaysHowDeepTheBodyIsAndWhere) {
  for (const auto& [body, depth, at] :
       std::vector<std::tuple<std::string, std::uint32_t, std::uint32_t>>{
           {R"({})", 1, 0},
           {R"( {"a":"[[[["})", 1, 1},
           {R"({"messages":[{"content":[{}]},{"content":[{}]}]})", 5, 25},
           {R"({"x":[[1],[[]]],"model":"m"})", 4, 11}}) {
    for (const std::size_t packet : {std::size_t{1}, std::size_t{7}, body.size()}) {
      const auto facts = scan_in_packets(body, packet, Endpoint::chat_completions);
      ASSERT_TRUE(facts) << body;
      EXPECT_EQ(facts->depth, depth) << body;
      EXPECT_EQ(facts->deepest_at, at) << body;
    }
  }
}

TEST(BodyScan, DecodesTheModelsName) {
  std::array<char, kModelBytesMax> scratch;
  for (const auto& [written, name] : std::vector<std::pair<std::string, std::string>>{
           {"gpt-4o", "gpt-4o"},
           {R"(meta-llama\/Llama-3)", "meta-llama/Llama-3"},
           {R"(gr\u00fcn\ud83d\ude00)", "gr\u00fcn\U0001F600"}}) {
    const std::string body = "{\"model\":\"" + written + "\"}";
    const auto facts = scan(body);
    ASSERT_TRUE(facts);
    EXPECT_EQ(model_name(*facts, bytes_of(body), scratch), name);
  }
}

TEST(BodyScan, ReadsABatchThatNamesOneModel) {
  const std::string body =
      R"({"requests":[{"model":"models/e","content":{}},{"content":{},"model":"models\/e"}]})";
  const auto facts = scan(body, Endpoint::batch_embed_contents);
  ASSERT_TRUE(facts) << name(facts.error().message);
  EXPECT_EQ(facts->model.raw(bytes_of(body)), "models/e");
  EXPECT_TRUE(facts->more_models);
}

TEST(BodyScan, FindsTheSameInPacketsOfAnySize) {
  const std::string text(3000, 'x');
  const std::string body = R"( {"messages":[{"content":"gr\u00fc\u00df dich )" + text +
                           "\xF0\x9F\x98\x80\"}],\"mod\\u0065l\":\"gpt\\u002d4o\",\"n\":12,"
                           "\"stream_options\":{ } ,\"stream\":true} ";
  const auto whole = scan(body);
  ASSERT_TRUE(whole) << name(whole.error().message);
  for (const std::size_t packet : {1U, 2U, 3U, 64U, 1000U}) {
    const auto facts = scan_in_packets(body, packet, Endpoint::chat_completions);
    ASSERT_TRUE(facts) << packet << name(facts.error().message);
    EXPECT_EQ(facts->root.value, whole->root.value);
    EXPECT_EQ(facts->model.value, whole->model.value);
    EXPECT_EQ(facts->choices.value, whole->choices.value);
    EXPECT_EQ(facts->stream_options.value, whole->stream_options.value);
    EXPECT_TRUE(facts->stream_options.empty);
    EXPECT_TRUE(facts->stream.is_true);
  }
  EXPECT_EQ(at(body, whole->model.value), R"("gpt\u002d4o")");
}

TEST(BodyScan, NeverScansMoreThanATurnsBytesAtOnce) {
  const std::string body = "{\"x\":\"" + std::string(3 * kScanTurnBytes, 'y') + "\"}";
  BodyScan scan(Endpoint::chat_completions, {});
  std::size_t turns = 0;
  while (scan.scanned() < body.size()) {
    const std::size_t before = scan.scanned();
    ASSERT_TRUE(scan.advance(bytes_of(body)));
    EXPECT_LE(scan.scanned() - before, kScanTurnBytes);
    ++turns;
  }
  EXPECT_EQ(turns, 4U);
  EXPECT_TRUE(scan.finish());
}

}  // namespace
}  // namespace headrace::policy
