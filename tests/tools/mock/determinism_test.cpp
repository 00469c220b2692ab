#include <cmath>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/tools/mock/answers.h"

namespace headrace::tools::mock {
namespace {

constexpr std::string_view kBody =
    R"({"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"stream":true})";

TEST(Determinism, SameSeedSameAnswerOtherSeedAnother) {
  Answers one(7);
  Answers two(7);
  Answers other(8);
  const std::string stream = one.stream("/v1/chat/completions", kBody);
  EXPECT_EQ(stream, two.stream("/v1/chat/completions", kBody));
  EXPECT_NE(stream, other.stream("/v1/chat/completions", kBody));
}

TEST(Determinism, OtherRequestsGetOtherWords) {
  Answers answers;
  EXPECT_NE(answers.body("/v1/chat/completions", R"({"model":"m","messages":[1]})")["choices"],
            answers.body("/v1/chat/completions", R"({"model":"m","messages":[2]})")["choices"]);
}

TEST(Determinism, EachModelHasARatioOfItsOwnWithinBounds) {
  std::set<double> ratios;
  for (int i = 0; i < 200; ++i) {
    const double ratio = bytes_per_token(1, "model-" + std::to_string(i));
    EXPECT_GE(ratio, kBytesPerTokenMin);
    EXPECT_LE(ratio, kBytesPerTokenMax);
    ratios.insert(ratio);
  }
  EXPECT_EQ(ratios.size(), 200U);
  EXPECT_LT(*ratios.begin(), 2.8);
  EXPECT_GT(*ratios.rbegin(), 5.7);
  EXPECT_EQ(bytes_per_token(1, "m"), bytes_per_token(1, "m"));
  EXPECT_NE(bytes_per_token(1, "m"), bytes_per_token(2, "m"));
}

TEST(Determinism, PromptTokensFollowTheBytesExactly) {
  const double ratio = bytes_per_token(3, "m");
  EXPECT_EQ(prompt_tokens(3, "m", 0), 0U);
  EXPECT_EQ(prompt_tokens(3, "m", 100000), static_cast<std::uint64_t>(std::ceil(100000 / ratio)));
}

TEST(Prose, SlicesAgreeWithTheirByteCountsAcrossTheEnd) {
  const Prose prose(5, ProseKind::plain);
  for (const std::uint64_t first : {0UL, 17UL, Prose::kTokens - 3, 5 * Prose::kTokens - 1}) {
    for (const std::uint64_t count : {0UL, 1UL, 7UL, Prose::kTokens, 3 * Prose::kTokens + 11}) {
      std::string out;
      prose.put(out, first, count);
      ASSERT_EQ(out.size(), prose.bytes(first, count)) << first << " " << count;
      EXPECT_GE(prose.tokens_within(first, out.size()), count);
      EXPECT_LE(prose.bytes(first, prose.tokens_within(first, out.size())), out.size());
      if (count > 0) {
        EXPECT_LT(prose.tokens_within(first, out.size() - 1), count);
      }
    }
  }
}

}  // namespace
}  // namespace headrace::tools::mock
