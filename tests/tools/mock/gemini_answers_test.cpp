#include <string>

#include <gtest/gtest.h>

#include "tests/tools/mock/answers.h"

namespace headrace::tools::mock {
namespace {

using nlohmann::json;

constexpr std::string_view kGenerate = "/v1beta/models/gemini-x:generateContent";
constexpr std::string_view kStream = "/v1beta/models/gemini-x:streamGenerateContent";
constexpr std::string_view kBody = R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})";

TEST(GeminiGenerate, TotalCountsThoughtsBesideCandidates) {
  Answers answers;
  const json body =
      answers.with("reasoning-tokens", "9").with("cached-share", "0.5").body(kGenerate, kBody);
  EXPECT_EQ(body.at("modelVersion"), "gemini-x");
  EXPECT_EQ(body.at("candidates").at(0).at("finishReason"), "STOP");
  const json& usage = body.at("usageMetadata");
  const auto count = [&usage](const char* name) { return usage.at(name).get<int>(); };
  EXPECT_EQ(count("candidatesTokenCount"), 64);
  EXPECT_EQ(count("thoughtsTokenCount"), 9);
  EXPECT_EQ(count("totalTokenCount"), count("promptTokenCount") + 64 + 9);
  EXPECT_EQ(count("cachedContentTokenCount"), count("promptTokenCount") / 2);
}

TEST(GeminiGenerate, StreamAsEventsGrowsItsUsage) {
  Answers answers;
  const auto events =
      sse_events(answers.with("answer-tokens", "10").stream(kStream, kBody, "alt=sse&key=k"));
  ASSERT_EQ(events.size(), 10U);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const json chunk = Answers::parsed(events[i].data);
    EXPECT_EQ(chunk["usageMetadata"]["candidatesTokenCount"], i + 1);
    EXPECT_EQ(chunk["candidates"][0].contains("finishReason"), i == 9);
  }
}

TEST(GeminiGenerate, StreamWithoutSseIsOneArray) {
  Answers answers;
  const json array = Answers::parsed(answers.with("answer-tokens", "4").stream(kStream, kBody));
  ASSERT_TRUE(array.is_array());
  ASSERT_EQ(array.size(), 4U);
  EXPECT_EQ(array.back()["usageMetadata"]["candidatesTokenCount"], 4);
}

TEST(GeminiGenerate, EmptyTextStillEndsWithAReason) {
  Answers answers;
  const auto events =
      sse_events(answers.with("answer-tokens", "0").stream(kStream, kBody, "alt=sse"));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(Answers::parsed(events[0].data)["candidates"][0]["finishReason"], "STOP");
}

TEST(GeminiGenerate, CallsAFunctionInOnePart) {
  Answers answers;
  constexpr std::string_view kTool =
      R"({"contents":[],"tools":[{"functionDeclarations":[{"name":"f","parameters":)"
      R"({"type":"OBJECT","properties":{"a":{"type":"BOOLEAN"}}}}]}],)"
      R"("toolConfig":{"functionCallingConfig":{"mode":"ANY"}}})";
  const json call = answers.body(kGenerate, kTool)["candidates"][0]["content"]["parts"][0];
  EXPECT_EQ(call.at("functionCall").at("name"), "f");
  EXPECT_EQ(call.at("functionCall").at("args"), json::parse(R"({"a":true})"));
  const auto events = sse_events(answers.stream(kStream, kTool, "alt=sse"));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(Answers::parsed(events[0].data)["candidates"][0]["content"]["parts"][0].contains(
      "functionCall"));
}

TEST(GeminiGenerate, OutputLimitAndCandidates) {
  Answers answers;
  const json body = answers.body(
      kGenerate, R"({"contents":[],"generationConfig":{"maxOutputTokens":3,"candidateCount":2}})");
  ASSERT_EQ(body.at("candidates").size(), 2U);
  EXPECT_EQ(body["candidates"][0]["finishReason"], "MAX_TOKENS");
  EXPECT_EQ(body["usageMetadata"]["candidatesTokenCount"], 6);
}

TEST(GeminiGenerate, AnIgnoredLimitEndsNothing) {
  Answers answers;
  const json body = answers.with("output-cap", "ignored")
                        .body(kGenerate, R"({"generationConfig":{"maxOutputTokens":3}})");
  EXPECT_EQ(body["candidates"][0]["finishReason"], "STOP");
  EXPECT_EQ(body["usageMetadata"]["candidatesTokenCount"], 64);
}

TEST(GeminiOther, CountsEmbedsAndLists) {
  Answers answers;
  EXPECT_EQ(
      answers.body("/v1beta/models/g:countTokens", kBody).at("totalTokens"),
      answers.body("/v1beta/models/g:generateContent", kBody)["usageMetadata"]["promptTokenCount"]);
  EXPECT_EQ(answers.body("/v1beta/models/e:embedContent", R"({"outputDimensionality":5})")
                .at("embedding")
                .at("values")
                .size(),
            5U);
  const json batch = answers.body("/v1beta/models/e:batchEmbedContents",
                                  R"({"requests":[{"outputDimensionality":5},{}]})");
  ASSERT_EQ(batch.at("embeddings").size(), 2U);
  EXPECT_EQ(batch["embeddings"][1]["values"].size(), 5U);
  EXPECT_EQ(answers.body("/v1beta/models", "", "", "GET")["models"][0]["name"], "models/alpha");
  EXPECT_EQ(answers.body("/v1beta/models/z", "", "", "GET").at("name"), "models/z");
}

}  // namespace
}  // namespace headrace::tools::mock
