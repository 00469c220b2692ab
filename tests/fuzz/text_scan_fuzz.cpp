// The text of requests: its counts must be those of a plain walk byte by byte, whatever the slices;
// and what counts as media is text that does not count as such.
#include <cstdint>
#include <string_view>
#include <utility>

#include "policy/estimate/prompt_estimate.h"
#include "policy/estimate/string_head.h"
#include "policy/estimate/text_scan.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/reference_json.h"
#include "tests/fuzz/reference_text_scan.h"
#include "tests/fuzz/slices.h"

namespace headrace::fuzz {
namespace {

using policy::TextCounts;
using policy::TextScan;

constexpr std::size_t kDepthMax = 128;

TextCounts scan(std::string_view json, std::size_t slice_bytes, bool media) {
  TextScan scan;
  scan.allow_media(media);
  in_slices(json, slice_bytes, [&](std::string_view slice) { scan.feed(slice); });
  return scan.counts();
}

// An escape that a block's end cuts may count as two words instead of one, its digits as another
// run.
void check_near(std::uint32_t counted, std::uint32_t wanted, std::uint32_t code_points) {
  FUZZ_CHECK(counted <= wanted + 5 * code_points);
  FUZZ_CHECK(wanted <= counted + 5 * code_points);
}

void check_text(const TextCounts& counted, const TextCounts& wanted) {
  const std::uint32_t cut = wanted.code_points;
  check_near(counted.words, wanted.words, cut);
  check_near(counted.letters_past_4, wanted.letters_past_4, cut);
  check_near(counted.capitals, wanted.capitals, cut);
  check_near(counted.digit_runs, wanted.digit_runs, cut);
  check_near(counted.digits_past_3, wanted.digits_past_3, cut);
  check_near(counted.spaced_digits, wanted.spaced_digits, cut);
  check_near(counted.marks, wanted.marks, cut);
  check_near(counted.mark_runs, wanted.mark_runs, cut);
  FUZZ_CHECK(counted.wide_gaps == wanted.wide_gaps);
  FUZZ_CHECK(counted.line_ends == wanted.line_ends);
  FUZZ_CHECK(counted.high_bytes == wanted.high_bytes);
  FUZZ_CHECK(counted.code_points == wanted.code_points);
  FUZZ_CHECK(counted.text_bytes == wanted.text_bytes);
}

// `free`: something is free of form; all that stands in it is counted, too.
void check_bare(const TextCounts& counted, const TextCounts& wanted, std::size_t bytes, bool free) {
  if (free) return;
  FUZZ_CHECK(counted.bare_bytes == wanted.bare_bytes);
  FUZZ_CHECK(counted.bare_bytes + counted.text_bytes <= bytes);
}

void check_announced(const TextCounts& counted, const TextCounts& wanted) {
  FUZZ_CHECK(counted.messages == wanted.messages);
  FUZZ_CHECK(counted.images == wanted.images);
  FUZZ_CHECK(counted.audios == wanted.audios);
  FUZZ_CHECK(counted.documents == wanted.documents);
  FUZZ_CHECK(counted.references == wanted.references);
  FUZZ_CHECK(counted.searches == wanted.searches);
  FUZZ_CHECK(counted.hidden == wanted.hidden);
}

bool announces_free_form(std::string_view json) {
  for (std::size_t at = json.find('"'); at != std::string_view::npos; at = json.find('"', at + 1)) {
    if (policy::announced_by_key(policy::string_head(json.substr(at + 1))) ==
        policy::Announced::free_form) {
      return true;
    }
  }
  return false;
}

// A reservation may not be below what the text says, however it is cut.
void check_bound(const TextCounts& counted) {
  const policy::PromptEstimate estimate = policy::estimate_prompt(counted);
  FUZZ_CHECK(estimate.text_tokens >= 1);
  FUZZ_CHECK(std::cmp_greater_equal(estimate.text_tokens_max, counted.text_bytes));
  FUZZ_CHECK(estimate.media_tokens <= estimate.media_tokens_max || counted.media_bytes == 0);
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace::fuzz;
  if (size < 2) return 0;
  const std::string_view json{reinterpret_cast<const char*>(data) + 1, size - 1};
  if (!reference_json(json, kDepthMax)) return 0;  // it is judged before
  const TextCounts wanted = reference_text_scan(json);
  for (const std::size_t slice_bytes : {json.size(), std::size_t{1} + data[0]}) {
    const TextCounts text = scan(json, slice_bytes, false);
    check_text(text, wanted);
    check_announced(text, wanted);
    check_bare(text, wanted, json.size(), announces_free_form(json));
    FUZZ_CHECK(text.media_bytes == 0 && text.media_strings == 0);
    check_bound(text);
    const TextCounts media = scan(json, slice_bytes, true);
    check_announced(media, wanted);
    FUZZ_CHECK(media.text_bytes + media.media_bytes == wanted.text_bytes);
    FUZZ_CHECK((media.media_bytes == 0) == (media.media_strings == 0));
    check_bound(media);
  }
  return 0;
}
