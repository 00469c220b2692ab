#include "policy/estimate/prompt_estimate.h"

#include <string>

#include <gtest/gtest.h>

#include "policy/body/body_scan.h"
#include "policy/estimate/model_history.h"

namespace headrace::policy {
namespace {

TextCounts scanned(const std::string& body, Endpoint endpoint = Endpoint::chat_completions) {
  BodyScan scan(endpoint, {});
  const auto bytes = std::as_bytes(std::span(body.data(), body.size()));
  do {
    EXPECT_TRUE(scan.advance(bytes).has_value());
  } while (scan.scanned() < body.size());
  return scan.text_counts(bytes);
}

// Of a small body text is counted when somebody asks, of a large one while it comes: the same.
TEST(PromptEstimate, CountsTheSameNowOrLater) {
  std::string messages;
  for (int i = 0; i < 12; ++i)
    messages +=
        (i == 0 ? "" : ",") + std::string(R"({"role":"user","content":"Seven old mills."})");
  const std::string fields =
      R"({"model":"m","tools":[{"name":"wind"}],"messages":[)" + messages + "]";
  const TextCounts later = scanned(fields + "}");
  const TextCounts now = scanned(fields + R"(,"x":")" + std::string(20'000, 'x') + "\"}");
  EXPECT_EQ(later.words, 12U * 6U + 2U);
  EXPECT_EQ(later.messages, 12U);
  EXPECT_EQ(later.words, now.words);
  EXPECT_EQ(later.text_bytes, now.text_bytes);
  EXPECT_EQ(later.marks, now.marks);
}

// Counts by cl100k_base, with three tokens around each message and three to begin the answer.
TEST(PromptEstimate, IsNearWhatTokenizersCount) {
  struct Case {
    std::string content;  // as in JSON
    std::int64_t tokens;
  };
  const Case cases[] = {
      {"The quick brown fox jumps over the lazy dog, and then it runs away.", 23},
      {R"(for (int i = 0; i < n; ++i) {\n  total += values[i];\n})", 30},
  };
  for (const Case& one : cases) {
    const PromptEstimate estimate = estimate_prompt(
        scanned(R"({"model":"m","messages":[{"role":"user","content":")" + one.content + "\"}]}"));
    EXPECT_NEAR(static_cast<double>(estimate.text_tokens), static_cast<double>(one.tokens),
                static_cast<double>(one.tokens) * 0.2)
        << one.content;
    EXPECT_GE(estimate.text_tokens_max, one.tokens);
    EXPECT_FALSE(estimate.unbounded);
  }
}

TEST(PromptEstimate, CountsWhatTheModelReadsInEachDialect) {
  const std::string words = "twelve small words are what the model has to read in this";
  const std::string around =
      R"("model":"m","user":"a user name that no model will ever read at all")";
  struct Case {
    Endpoint endpoint;
    std::string body;
  };
  const Case cases[] = {
      {Endpoint::chat_completions, R"("messages":[{"role":"user","content":")" + words + "\"}]"},
      {Endpoint::completions, R"("prompt":")" + words + "\""},
      {Endpoint::responses, R"("input":")" + words + "\""},
      {Endpoint::responses, R"("input":"in this","instructions":")" + words + "\""},
      {Endpoint::messages, R"("messages":[],"system":")" + words + "\""},
      {Endpoint::embeddings, R"("input":[")" + words + "\"]"},
      {Endpoint::generate_content, R"("contents":[{"parts":[{"text":")" + words + "\"}]}]"},
      {Endpoint::batch_embed_contents,
       R"("requests":[{"content":{"parts":[{"text":")" + words + "\"}]}}]"},
      {Endpoint::chat_completions,
       R"("messages":[],"tools":[{"type":"function","d":")" + words + "\"}]"},
  };
  for (const Case& one : cases) {
    const std::string body = one.endpoint == Endpoint::messages ||
                                     one.endpoint == Endpoint::generate_content ||
                                     one.endpoint == Endpoint::batch_embed_contents
                                 ? "{\"model\":\"m\"," + one.body + "}"
                                 : "{" + around + "," + one.body + "}";
    const PromptEstimate estimate = estimate_prompt(scanned(body, one.endpoint));
    EXPECT_GE(estimate.text_tokens, 10) << body;
    EXPECT_LE(estimate.text_tokens, 19) << body;
  }
}

TEST(PromptEstimate, BoundsMediaByTable) {
  const auto body = [](const std::string& part) {
    return R"({"model":"m","messages":[{"role":"user","content":[)" + part + "]}]}";
  };
  const PromptEstimate image = estimate_prompt(
      scanned(body(R"({"type":"image_url","image_url":{"url":"data:image/png;base64,)" +
                   std::string(50'000, 'A') + "\"}}")));
  EXPECT_EQ(image.media_tokens, kImageTokens);
  EXPECT_EQ(image.media_tokens_max, kImageTokensMax);
  EXPECT_LT(image.text_tokens_max, 1000);
  EXPECT_FALSE(image.unbounded);

  const PromptEstimate sound = estimate_prompt(scanned(body(
      R"({"type":"input_audio","input_audio":{"data":")" + std::string(64'000, 'A') + "\"}}")));
  EXPECT_NEAR(static_cast<double>(sound.media_tokens_max), 1000, 10);

  EXPECT_TRUE(
      estimate_prompt(scanned(body(R"({"type":"file","file":{"file_id":"f"}})"))).unbounded);
  EXPECT_TRUE(
      estimate_prompt(scanned(R"({"messages":[],"tools":[{"type":"web_search"}]})")).unbounded);
}

// Whoever writes no words is not reserved for as if he did.
TEST(PromptEstimate, BoundsLettersThatMakeNoWords) {
  const auto said = [](const std::string& text) {
    return estimate_prompt(scanned(R"({"messages":[{"role":"user","content":")" + text + "\"}]}"));
  };
  std::string letters;
  for (std::uint32_t state = 1; letters.size() < 20'000;) {
    state = state * 1'664'525 + 1'013'904'223;
    letters += static_cast<char>('a' + (state >> 24U) % 26);
  }
  const ModelHistory unknown;
  // Tokenizers make about one of two such letters.
  EXPECT_GE(unknown.prompt_tokens_max(said(letters), kHardQuantile), 10'000);
  const PromptEstimate words = said("Donaudampfschifffahrt und mehr");
  EXPECT_LE(unknown.prompt_tokens_max(words, kHardQuantile), 2 * words.text_tokens + 70);
}

// In a short request what stands around the text is the most of it.
TEST(PromptEstimate, BoundsShortRequestsWithWhatStandsAroundThem) {
  const std::string body =
      R"({"model":"gpt-4o","max_tokens":9,"messages":[{"role":"user","content":"hello"}]})";
  const ModelHistory unknown;
  // As a provider that counts a token for each two and a half bytes of all of it.
  EXPECT_GE(unknown.prompt_tokens_max(estimate_prompt(scanned(body)), kHardQuantile),
            static_cast<std::int64_t>(body.size() * 10 / 25));
}

// A prompt that is given as tokens.
TEST(PromptEstimate, CountsTokensThatAreGivenAsNumbers) {
  std::string numbers;
  for (int i = 0; i < 2'000; ++i)
    numbers += (i == 0 ? "" : ",") + std::to_string(i * 37 % 100'000);
  const ModelHistory unknown;
  for (const Endpoint endpoint : {Endpoint::embeddings, Endpoint::completions}) {
    const std::string key = endpoint == Endpoint::embeddings ? "input" : "prompt";
    const PromptEstimate estimate =
        estimate_prompt(scanned(R"({"model":"m",")" + key + "\":[" + numbers + "]}", endpoint));
    EXPECT_GE(unknown.prompt_tokens_max(estimate, kHardQuantile), 2'000) << key;
    EXPECT_LE(estimate.text_tokens, 6'000) << key;
  }
}

// A model reads it letter by letter: the bound is a token for each byte.
TEST(PromptEstimate, BoundsWhatLooksLikeMediaAndIsNoneByItsBytes) {
  const std::string base64(500'000, 'A');
  const std::string data = R"({"type":"image","data":")" + base64 + "\"}";
  struct Case {
    Endpoint endpoint;
    std::string body;
  };
  const Case cases[] = {
      {Endpoint::messages,
       R"("messages":[{"role":"assistant","content":[{"type":"tool_use","id":"x","name":"f","input":)" +
           data + "}]}]"},
      {Endpoint::generate_content,
       R"("contents":[{"parts":[{"functionCall":{"name":"f","args":)" + data + "}}]}]"},
      {Endpoint::generate_content,
       R"("contents":[{"parts":[{"functionResponse":{"name":"f","response":)" + data + "}}]}]"},
      // Of a kind that nobody here knows.
      {Endpoint::chat_completions,
       R"("messages":[{"role":"user","content":[{"type":"video_url","video_url":{"url":")" +
           base64 + "\"}}]}]"},
  };
  for (const Case& one : cases) {
    const PromptEstimate estimate = estimate_prompt(scanned("{" + one.body + "}", one.endpoint));
    EXPECT_GE(estimate.text_tokens_max + estimate.media_tokens_max, 499'000)
        << one.body.substr(0, 100);
  }
}

// With line ends in it, as some libraries write them.
TEST(PromptEstimate, TakesAnImageInLinesForOne) {
  std::string lines;
  for (int i = 0; i < 4; ++i)
    lines += std::string(2'000, 'A') + R"(\n)";
  const PromptEstimate image = estimate_prompt(
      scanned(R"({"messages":[{"role":"user","content":[{"type":"image","source":{"data":")" +
                  lines + "\"}}]}]}",
              Endpoint::messages));
  EXPECT_EQ(image.media_tokens_max, kImageTokensMax);
}

}  // namespace
}  // namespace headrace::policy
