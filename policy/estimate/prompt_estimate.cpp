#include "policy/estimate/prompt_estimate.h"

#include <algorithm>

namespace headrace::policy {
namespace {

// 1,024ths of a token.
constexpr std::int64_t kOne = 1024;
constexpr std::int64_t kWord = 872;
constexpr std::int64_t kLetterPast4 = 126;
constexpr std::int64_t kCapital = 156;
constexpr std::int64_t kDigitRun = 1095;
constexpr std::int64_t kDigitPast3 = 341;
constexpr std::int64_t kSpacedDigits = 1629;
constexpr std::int64_t kMark = 299;
constexpr std::int64_t kMarkRun = 400;
constexpr std::int64_t kWideGap = 893;
constexpr std::int64_t kLineEnd = 830;
constexpr std::int64_t kHighByte = 410;
constexpr std::int64_t kMessage = 2237;
// A token that is given as a number has five digits mostly; brackets and commas come two at a time.
constexpr std::int64_t kBareByte = 461;
// Tokenizers are made for English first: words of other languages fall into more pieces. A text is
// taken for foreign by its letters beyond ASCII, wholly so from one in twenty words on.
constexpr std::int64_t kForeignLetterPast4 = 148;
constexpr std::int64_t kForeignWordsIn = 20;
// Letters that make no words (identifiers run together, random ones) are two or three to a token. A
// text is taken for such beyond so many letters past the fourth of each of its words: in English
// there is one, in German there are two and a half.
constexpr std::int64_t kWordlikePast4 = 4;
constexpr std::int64_t kOddLetter = 461;
// Around a prompt and each of its messages stand tokens that the client does not see; in a short
// one they are the most of it.
constexpr std::int64_t kPromptTokensAround = 64;
constexpr std::int64_t kMessageTokensAround = 16;

std::int64_t text_tokens(const TextCounts& counts) {
  const std::int64_t words = std::max<std::int64_t>(counts.words, 1);
  const std::int64_t foreign =
      std::min<std::int64_t>(kOne, (std::int64_t{counts.high_bytes} / 2 + counts.code_points) *
                                       kForeignWordsIn * kOne / words);
  const std::int64_t past_4 = kLetterPast4 + kForeignLetterPast4 * foreign / kOne;
  const std::int64_t tokens =
      counts.words * kWord + counts.letters_past_4 * past_4 + counts.capitals * kCapital +
      counts.digit_runs * kDigitRun + counts.digits_past_3 * kDigitPast3 +
      counts.spaced_digits * kSpacedDigits + counts.marks * kMark + counts.mark_runs * kMarkRun +
      counts.wide_gaps * kWideGap + counts.line_ends * kLineEnd + counts.high_bytes * kHighByte +
      counts.messages * kMessage + static_cast<std::int64_t>(counts.bare_bytes) * kBareByte;
  return (tokens + kOne / 2) / kOne;
}

}  // namespace

PromptEstimate estimate_prompt(const TextCounts& counts, std::int64_t image_tokens_max) {
  PromptEstimate estimate;
  estimate.text_tokens = std::max<std::int64_t>(text_tokens(counts), 1);
  const std::int64_t odd_letters = std::max<std::int64_t>(
      counts.letters_past_4 - kWordlikePast4 * std::int64_t{counts.words}, 0);
  estimate.text_tokens_odd = kPromptTokensAround + odd_letters * kOddLetter / kOne;
  estimate.text_tokens_max = static_cast<std::int64_t>(counts.text_bytes + counts.bare_bytes) +
                             kPromptTokensAround + kMessageTokensAround * counts.messages;
  estimate.media_tokens = kImageTokens * counts.images;
  estimate.media_tokens_max =
      image_tokens_max * (std::int64_t{counts.images} + std::int64_t{counts.hidden});
  const auto bytes = static_cast<std::int64_t>(counts.media_bytes);
  // What nobody has announced may be anything.
  const bool unannounced = counts.media_strings > counts.images + counts.audios + counts.documents;
  if (counts.documents > 0 || unannounced) {
    estimate.media_tokens += bytes / kDocumentBytesPerToken;
    estimate.media_tokens_max += bytes / kDocumentBytesPerTokenMin;
  } else if (counts.audios > 0) {
    estimate.media_tokens += bytes / kAudioBytesPerToken;
    estimate.media_tokens_max += bytes / kAudioBytesPerTokenMin;
  }
  estimate.unbounded = counts.references > 0 || counts.searches > 0 || counts.hidden > 0 ||
                       counts.documents > counts.media_strings;
  return estimate;
}

}  // namespace headrace::policy
