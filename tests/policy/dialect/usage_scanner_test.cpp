#include "policy/dialect/usage_scanner.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// The counts in the order of the normal form, without what is 0: `in_fresh=1 out_text=2`.
std::string counts(const Usage& usage) {
  std::string out;
  const auto put = [&out](std::string_view name, std::int64_t count) {
    if (count == 0) return;
    if (!out.empty()) out += ' ';
    out += std::string(name) + "=" + std::to_string(count);
  };
  put("in_fresh", usage.in_fresh);
  put("in_cache_read", usage.in_cache_read);
  put("in_cache_write_5m", usage.in_cache_write_5m);
  put("in_cache_write_1h", usage.in_cache_write_1h);
  put("in_audio", usage.in_audio);
  put("in_image", usage.in_image);
  put("out_text", usage.out_text);
  put("out_reasoning", usage.out_reasoning);
  put("out_audio", usage.out_audio);
  put("out_image", usage.out_image);
  put("web_searches", usage.web_searches);
  put("web_fetches", usage.web_fetches);
  return out;
}

struct Answer {
  Endpoint endpoint;
  std::string body;
  std::string counts;
  std::string tier = "";
};

const std::vector<Answer>& answers() {
  static const std::vector<Answer> kAnswers = {
      {Endpoint::chat_completions,
       R"({"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},)"
       R"("finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":50,)"
       R"("total_tokens":150,"prompt_tokens_details":{"cached_tokens":30,"cache_write_tokens":7,)"
       R"("audio_tokens":5,"image_tokens":3,"text_tokens":92},"completion_tokens_details":)"
       R"({"reasoning_tokens":20,"audio_tokens":4,"accepted_prediction_tokens":1,)"
       R"("rejected_prediction_tokens":2}},"service_tier":"priority"})",
       "in_fresh=55 in_cache_read=30 in_cache_write_5m=7 in_audio=5 in_image=3 out_text=26 "
       "out_reasoning=20 out_audio=4",
       "priority"},
      {Endpoint::embeddings,
       R"({"object":"list","data":[{"embedding":[0.1,-2e-3]}],"usage":{"prompt_tokens":8,)"
       R"("total_tokens":8}})",
       "in_fresh=8"},
      {Endpoint::responses,
       R"({"id":"r","object":"response","status":"completed","error":null,"output":[],)"
       R"("usage":{"input_tokens":75,"input_tokens_details":{"cached_tokens":64},)"
       R"("output_tokens":1186,"output_tokens_details":{"reasoning_tokens":1024},)"
       R"("total_tokens":1261},"service_tier":"default","metadata":{}})",
       "in_fresh=11 in_cache_read=64 out_text=162 out_reasoning=1024", "default"},
      {Endpoint::messages,
       R"({"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn",)"
       R"("usage":{"input_tokens":10,"cache_creation_input_tokens":300,)"
       R"("cache_read_input_tokens":1000,"cache_creation":{"ephemeral_5m_input_tokens":100,)"
       R"("ephemeral_1h_input_tokens":200},"output_tokens":40,"output_tokens_details":)"
       R"({"thinking_tokens":15},"server_tool_use":{"web_search_requests":2,)"
       R"("web_fetch_requests":1},"service_tier":"standard"}})",
       "in_fresh=10 in_cache_read=1000 in_cache_write_5m=100 in_cache_write_1h=200 out_text=25 "
       "out_reasoning=15 web_searches=2 web_fetches=1",
       "standard"},
      {Endpoint::messages,
       R"({"usage":{"input_tokens":10,"cache_creation_input_tokens":300,"output_tokens":4}})",
       "in_fresh=10 in_cache_write_5m=300 out_text=4"},
      {Endpoint::generate_content,
       R"({"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP"}],)"
       R"("usageMetadata":{"promptTokenCount":1000,"cachedContentTokenCount":400,)"
       R"("candidatesTokenCount":60,"thoughtsTokenCount":25,"toolUsePromptTokenCount":9,)"
       R"("totalTokenCount":1094,"promptTokensDetails":[{"modality":"TEXT","tokenCount":700},)"
       R"({"tokenCount":200,"modality":"AUDIO"},{"modality":"IMAGE","tokenCount":100}],)"
       R"("cacheTokensDetails":[{"modality":"AUDIO","tokenCount":50}],"candidatesTokensDetails":)"
       R"([{"modality":"IMAGE","tokenCount":11}],"trafficType":"ON_DEMAND"}})",
       "in_fresh=359 in_cache_read=400 in_audio=150 in_image=100 out_text=49 out_reasoning=25 "
       "out_image=11",
       "ON_DEMAND"},
  };
  return kAnswers;
}

TEST(UsageScanner, ReadsEachDialectsUsage) {
  for (const Answer& answer : answers()) {
    const Usage usage = read_usage(answer.endpoint, bytes_of(answer.body));
    EXPECT_EQ(counts(usage), answer.counts) << answer.body;
    EXPECT_EQ(usage.service_tier.view(), answer.tier);
    EXPECT_EQ(usage.source, UsageSource::provider);
  }
}

TEST(UsageScanner, ReadsTheSameInSlicesOfAnySize) {
  for (const Answer& answer : answers()) {
    for (const std::size_t size : {1U, 2U, 3U, 5U, 17U, 64U, 100U}) {
      UsageScanner scanner(answer.endpoint);
      for (std::size_t at = 0; at < answer.body.size(); at += size) {
        // Each slice in a place of its own, gone when the next one comes.
        const std::string slice = answer.body.substr(at, size);
        scanner.feed(bytes_of(slice));
      }
      EXPECT_TRUE(scanner.complete());
      EXPECT_EQ(counts(scanner.usage()), answer.counts) << size;
      EXPECT_EQ(scanner.usage().service_tier.view(), answer.tier) << size;
    }
  }
}

TEST(UsageScanner, DoesNotTakeForTheProvidersWordWhatIsNoCount) {
  struct Said {
    Endpoint endpoint;
    std::string_view usage;
    UsageSource source;
  };
  constexpr std::string_view kSound = R"("completion_tokens":5,"prompt_tokens":10)";
  const std::vector<Said> cases = {
      {Endpoint::chat_completions,
       R"("prompt_tokens":10.0,"completion_tokens":5.0,"total_tokens":15)", UsageSource::estimated},
      {Endpoint::chat_completions, R"("prompt_tokens":-10,"completion_tokens":5)",
       UsageSource::estimated},
      {Endpoint::chat_completions, R"("prompt_tokens":10,"completion_tokens":99999999999)",
       UsageSource::estimated},
      {Endpoint::chat_completions, R"("prompt_tokens":10,"completion_tokens":0)",
       UsageSource::provider},
      {Endpoint::chat_completions, kSound, UsageSource::provider},
      // Of a part only: both sides are known.
      {Endpoint::chat_completions,
       R"("prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":-1})",
       UsageSource::provider},
      {Endpoint::embeddings, R"("prompt_tokens":1e30)", UsageSource::none},
      {Endpoint::embeddings, R"("prompt_tokens":10)", UsageSource::provider},
  };
  for (const Said& said : cases) {
    const std::string body = R"({"usage":{)" + std::string(said.usage) + "}}";
    EXPECT_EQ(read_usage(said.endpoint, bytes_of(body)).source, said.source) << body;
  }
}

TEST(UsageScanner, NeverReadsUsageFromTextOrPayloads) {
  const std::string evil = R"(\"usage\":{\"prompt_tokens\":999,\"completion_tokens\":999})";
  const std::vector<std::pair<Endpoint, std::string>> cases = {
      {Endpoint::chat_completions,
       R"({"choices":[{"message":{"content":"\"},)" + evil + R"("},"finish_reason":"stop"}]})"},
      {Endpoint::chat_completions,
       R"({"choices":[{"usage":{"prompt_tokens":999},"message":{"usage":{"prompt_tokens":9}}}]})"},
      {Endpoint::chat_completions, R"({"x":{"usage":{"prompt_tokens":999}}})"},
      {Endpoint::chat_completions, R"([{"usage":{"prompt_tokens":999}}])"},
      {Endpoint::chat_completions, R"({"usage":[{"prompt_tokens":999}]})"},
      {Endpoint::chat_completions, R"({"usage":{"x":{"prompt_tokens":999}}})"},
      {Endpoint::chat_completions, R"({"usage":null})"},
      {Endpoint::responses, R"({"metadata":{"usage":{"input_tokens":999}}})"},
      {Endpoint::responses,
       R"({"output":[{"content":[{"text":"x","usage":{"input_tokens":9}}]}],"usage":null})"},
      {Endpoint::messages,
       R"({"content":[{"type":"tool_use","input":{"usage":{"input_tokens":999}}}]})"},
      {Endpoint::generate_content,
       R"({"candidates":[{"content":{"parts":[{"functionCall":{"args":{"usageMetadata":)"
       R"({"promptTokenCount":999}}}}]}}]})"},
      {Endpoint::chat_completions, "usage: {\"usage\":{\"prompt_tokens\":999}}"},
      {Endpoint::chat_completions, ""},
  };
  for (const auto& [endpoint, body] : cases) {
    const Usage usage = read_usage(endpoint, bytes_of(body));
    EXPECT_EQ(usage.source, UsageSource::none) << body;
    EXPECT_EQ(counts(usage), "") << body;
  }
}

TEST(UsageScanner, TakesTheLastOfGeminisStreamedArray) {
  const std::string body =
      R"([{"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":1}},)"
      "\n"
      R"({"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5,)"
      R"("candidatesTokenCount":9}}])";
  UsageScanner scanner(Endpoint::stream_generate_content);
  for (const char c : body)
    scanner.feed(bytes_of({&c, 1}));
  EXPECT_TRUE(scanner.complete());
  EXPECT_EQ(counts(scanner.usage()), "in_fresh=5 out_text=9");
  EXPECT_EQ(scanner.finish_reason(), FinishReason::stop);
}

TEST(UsageScanner, SeesErrors) {
  for (const auto& [endpoint, body] : std::vector<std::pair<Endpoint, std::string>>{
           {Endpoint::chat_completions, R"({"error":{"message":"no","type":"x","code":null}})"},
           {Endpoint::messages, R"({"type":"error","error":{"type":"overloaded_error"}})"},
           {Endpoint::generate_content, R"({"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}})"},
           {Endpoint::generate_content, R"([{"error":{"code":503}}])"}}) {
    UsageScanner scanner(endpoint);
    scanner.feed(bytes_of(body));
    EXPECT_TRUE(scanner.is_error()) << body;
  }
  UsageScanner fine(Endpoint::responses);
  fine.feed(bytes_of(R"({"error":null,"usage":{"input_tokens":1}})"));
  EXPECT_FALSE(fine.is_error());
}

TEST(UsageScanner, DoesNotBelieveImpossibleCounts) {
  const Usage usage = read_usage(Endpoint::chat_completions,
                                 bytes_of(R"({"usage":{"prompt_tokens":-1,"completion_tokens":5e3,)"
                                          R"("total_tokens":99999999999999999999}})"));
  EXPECT_EQ(counts(usage), "");
  // Parts beyond their whole are cut to it.
  EXPECT_EQ(counts(read_usage(Endpoint::chat_completions,
                              bytes_of(R"({"usage":{"prompt_tokens":10,"completion_tokens":2,)"
                                       R"("prompt_tokens_details":{"cached_tokens":50},)"
                                       R"("completion_tokens_details":{"reasoning_tokens":7}}})"))),
            "in_cache_read=10 out_reasoning=2");
}

TEST(RawUsage, KeepsTheLastCountOfEachFieldInOrder) {
  RawUsage raw;
  raw.set(RawField::input_tokens, 1);
  raw.set(RawField::output_tokens, 2);
  raw.set(RawField::output_tokens, 7);
  ASSERT_EQ(raw.size(), 2U);
  EXPECT_EQ(raw.pair(0).field, RawField::input_tokens);
  EXPECT_EQ(raw.pair(1).count, 7U);
  EXPECT_TRUE(raw.has(RawField::output_tokens));
  EXPECT_FALSE(raw.has(RawField::thinking));
  EXPECT_FALSE(raw.malformed());
  raw.set(RawField::thinking, std::int64_t{1} << 32);
  EXPECT_TRUE(raw.malformed());
  EXPECT_FALSE(raw.has(RawField::thinking));
}

TEST(RawUsage, HoldsAllThatOneAnswerCanSay) {
  // The most counts that one dialect has.
  for (const Answer& answer : answers()) {
    UsageScanner scanner(answer.endpoint);
    scanner.feed(bytes_of(answer.body));
    EXPECT_FALSE(scanner.raw().malformed()) << answer.body;
  }
  RawUsage raw;
  for (unsigned field = 1; field <= RawUsage::kPairsMax; ++field) {
    raw.set(static_cast<RawField>(field), 1);
  }
  EXPECT_FALSE(raw.malformed());
  raw.set(RawField::total_token_count, 1);
  EXPECT_TRUE(raw.malformed());
}

TEST(UsageNames, AreAllDifferent) {
  std::vector<std::string_view> names;
  for (unsigned field = 1; field < kRawFieldCount; ++field) {
    names.push_back(to_text(static_cast<RawField>(field)));
    EXPECT_FALSE(names.back().empty());
  }
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

}  // namespace
}  // namespace headrace::policy
