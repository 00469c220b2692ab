// How many tokens a prompt is, told before the provider has counted them.
//
// The weights were fitted to cl100k_base and o200k_base at once, over English, German, code and
// JSON (tests/tokenizer has how, and holds them against other text). They are a first guess:
// policy/estimate/model_history.h corrects it for each model by what its provider reports.
//
// Threads: pure functions. All arithmetic is in whole numbers.
#pragma once

#include <cstdint>

#include "policy/estimate/text_counts.h"

namespace headrace::policy {

struct PromptEstimate {
  std::int64_t text_tokens = 0;      // a first guess
  std::int64_t text_tokens_odd = 0;  // beside them, to be on the safe side
  std::int64_t text_tokens_max = 0;  // whatever the tokenizer: a token for each byte
  std::int64_t media_tokens = 0;
  std::int64_t media_tokens_max = 0;
  // The request makes the model read what does not stand in it: stored files, search results.
  bool unbounded = false;
};

// Images cost what a model makes of their size, which is not looked into: providers' own bounds for
// one image go from 85 (OpenAI, low detail) to 1,600 (Anthropic) and 3,800; a few models count far
// more, and say so in their price (image_tokens_max).
inline constexpr std::int64_t kImageTokens = 800;
inline constexpr std::int64_t kImageTokensMax = 4096;
// Sound is 10 to 32 tokens a second, and a second is at least 4,000 bytes of base64, speech in a
// good codec excepted.
inline constexpr std::int64_t kAudioBytesPerToken = 400;
inline constexpr std::int64_t kAudioBytesPerTokenMin = 64;
// A page is text and its picture.
inline constexpr std::int64_t kDocumentBytesPerToken = 20;
inline constexpr std::int64_t kDocumentBytesPerTokenMin = 1;

[[nodiscard]] PromptEstimate estimate_prompt(const TextCounts& counts,
                                             std::int64_t image_tokens_max = kImageTokensMax);

}  // namespace headrace::policy
