#include "policy/estimate/model_history.h"

#include <random>

#include <gtest/gtest.h>

#include "policy/estimate/learned_models.h"

namespace headrace::policy {
namespace {

PromptEstimate guess(std::int64_t tokens, std::int64_t bytes) {
  PromptEstimate estimate;
  estimate.text_tokens = tokens;
  estimate.text_tokens_max = bytes;
  return estimate;
}

TEST(ModelHistory, BeginsWithTheGuessAndADoubleBound) {
  const ModelHistory history;
  EXPECT_EQ(history.prompt_tokens(guess(100, 1000)), 100);
  EXPECT_EQ(history.prompt_tokens_max(guess(100, 1000), kHardQuantile), 200);
  EXPECT_EQ(history.prompt_tokens_max(guess(100, 1000), kSoftQuantile), 200);
}

TEST(ModelHistory, NeverBoundsAboveATokenPerByte) {
  ModelHistory history;
  EXPECT_EQ(history.prompt_tokens_max(guess(100, 150), kHardQuantile), 150);
  for (int i = 0; i < 1000; ++i)
    history.learn_prompt(100, 700);
  EXPECT_EQ(history.prompt_tokens(guess(100, 150)), 150);
  EXPECT_EQ(history.prompt_tokens_max(guess(100, 150), kHardQuantile), 150);
}

TEST(ModelHistory, LearnsHowAProviderCounts) {
  // As the mock has it: a ratio of its own for each model, from 2.5 to 6 bytes a token.
  for (const std::int64_t bytes_in_ten_tokens : {25, 33, 40, 52, 60}) {
    ModelHistory history;
    std::mt19937 random(1);
    double error = 0;
    int judged = 0;
    for (int i = 0; i < 400; ++i) {
      const std::int64_t bytes = 50 + static_cast<std::int64_t>(random() % 5000);
      const PromptEstimate estimate = guess(bytes * 10 / 44, bytes);
      const std::int64_t counted = bytes * 10 / bytes_in_ten_tokens;
      if (i >= 100) {
        error += std::abs(static_cast<double>(history.prompt_tokens(estimate) - counted)) /
                 static_cast<double>(counted);
        ++judged;
        EXPECT_GE(history.prompt_tokens_max(estimate, kHardQuantile), counted);
      }
      history.learn_prompt(estimate.text_tokens, counted);
    }
    EXPECT_LE(error / judged, 0.10) << bytes_in_ten_tokens;
  }
}

TEST(ModelHistory, BoundsComeDownToWhatWasSeenButNotByAFewAnswers) {
  ModelHistory history;
  for (int i = 0; i < 60; ++i)
    history.learn_prompt(1000, 1000);
  EXPECT_EQ(history.prompt_tokens_max(guess(1000, 9000), kSoftQuantile), 2000);
  for (int i = 0; i < 40; ++i)
    history.learn_prompt(1000, 1000);
  EXPECT_LE(history.prompt_tokens_max(guess(1000, 9000), kSoftQuantile), 1200);
  EXPECT_EQ(history.prompt_tokens_max(guess(1000, 9000), kHardQuantile), 2000);
  for (int i = 0; i < 5000; ++i)
    history.learn_prompt(1000, 1000);
  EXPECT_LE(history.prompt_tokens_max(guess(1000, 9000), kHardQuantile), 1200);
}

TEST(ModelHistory, HoldsTheQuantilesThatItIsAskedFor) {
  ModelHistory history;
  std::mt19937 random(4);
  std::normal_distribution<double> spread(1.0, 0.15);
  const auto counted = [&] {
    return static_cast<std::int64_t>(1000 * std::max(0.3, spread(random)));
  };
  for (int i = 0; i < 6000; ++i)
    history.learn_prompt(1000, counted());
  const std::int64_t hard = history.prompt_tokens_max(guess(1000, 9000), kHardQuantile);
  const std::int64_t soft = history.prompt_tokens_max(guess(1000, 9000), kSoftQuantile);
  int above_hard = 0;
  int above_soft = 0;
  constexpr int kRequests = 100'000;
  for (int i = 0; i < kRequests; ++i) {
    const std::int64_t count = counted();
    above_hard += count > hard;
    above_soft += count > soft;
  }
  EXPECT_LE(above_hard, kRequests / 1000);
  EXPECT_LE(above_soft, kRequests / 20);
  EXPECT_LT(soft, hard);
}

TEST(ModelHistory, ForgetsSlowly) {
  ModelHistory history;
  for (int i = 0; i < 50'000; ++i)
    history.learn_prompt(1000, 3000);
  for (int i = 0; i < 400'000; ++i)
    history.learn_prompt(1000, 1000);
  EXPECT_NEAR(static_cast<double>(history.prompt_tokens(guess(1000, 9000))), 1000, 100);
  EXPECT_LE(history.prompt_tokens_max(guess(1000, 9000), kHardQuantile), 1200);
}

TEST(ModelHistory, LearnsHowLongAnswersAre) {
  ModelHistory history;
  EXPECT_EQ(history.output_tokens_max(kSoftQuantile), 1024);
  for (int i = 0; i < 500; ++i)
    history.learn_output(200);
  const std::int64_t bound = history.output_tokens_max(kSoftQuantile);
  EXPECT_GE(bound, 200);
  EXPECT_LE(bound, 256);
}

TEST(ModelHistory, IsNotThrownByOddNumbers) {
  ModelHistory history;
  history.learn_prompt(0, 5);
  history.learn_prompt(5, 0);
  history.learn_prompt(1, std::int64_t{1} << 62U);
  history.learn_output(-1);
  history.learn_output(std::int64_t{1} << 62U);
  EXPECT_EQ(history.prompts_learned(), 1U);
  EXPECT_GE(history.prompt_tokens_max(guess(10, 1000), kHardQuantile), 10);
}

TEST(LearnedModels, KeepsModelsApartAndStaysWithinItsTable) {
  auto models = std::make_unique<LearnedModels>();
  const auto of = [&](std::string_view provider, std::string_view model) -> ModelHistory& {
    return models->of(LearnedModels::key_of(provider, model));
  };
  for (int i = 0; i < 200; ++i) {
    of("openai", "small").learn_prompt(100, 200);
    of("azure", "small").learn_prompt(100, 50);
  }
  EXPECT_NEAR(static_cast<double>(of("openai", "small").prompt_tokens(guess(100, 900))), 200, 10);
  EXPECT_NEAR(static_cast<double>(of("azure", "small").prompt_tokens(guess(100, 900))), 50, 5);
  for (int i = 0; i < 10'000; ++i) {
    static_cast<void>(of("openai", "small"));
    EXPECT_EQ(of("openai", "made up " + std::to_string(i)).prompts_learned(), 0U);
  }
  // Who is asked for often stays.
  EXPECT_EQ(of("openai", "small").prompts_learned(), 200U);
}

}  // namespace
}  // namespace headrace::policy
