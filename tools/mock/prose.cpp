#include "tools/mock/prose.h"

#include <algorithm>
#include <array>

#include "core/random.h"

namespace headrace::tools::mock {
namespace {

constexpr std::array<std::string_view, 64> kWords{
    " the",     " water",   " wheel",    " turns",   " slowly", " and",        " a",
    " channel", " carries", " it",       " from",    " river",  " to",         " mill",
    ".",        ",",        " stone",    " grinds",  " grain",  " into",       " flour",
    " when",    " gate",    " opens",    " level",   " falls",  " by",         " hand",
    " Der",     " Müller",  " prüft",    " das",     " Wehr",   " täglich",    ";",
    " l'eau",   " coule",   " vers",     " le",      " moulin", " à",          " été",
    " agua",    " años",    " río",      " 水車",    " は",     " 回る",       " ⚙️",
    " 42",      " 3.14",    " liters",   " second",  "\\n",     " \\\"so\\\"", " a\\\\b",
    " because", " under",   " pressure", " nothing", " is",     " lost",       " twice",
    "?"};

// What a gateway that searches instead of parsing would stumble over.
constexpr std::array<std::string_view, 8> kTraps{
    " \\\"usage\\\":{\\\"prompt_tokens\\\":999999,\\\"completion_tokens\\\":999999}",
    "\\n\\ndata: [DONE]\\n\\n",
    "\\r\\n\\r\\nevent: error\\r\\ndata: {}\\r\\n\\r\\n",
    " \\u0022usageMetadata\\u0022:{\\u0022totalTokenCount\\u0022:999999}",
    " }]}],\\\"error\\\":{\\\"message\\\":\\\"no\\\"}",
    "\\n0\\r\\n\\r\\nHTTP/1.1 200 OK\\r\\n",
    " \\ud83d\\ude00",
    " \\\\\\\"output_tokens\\\\\\\": 999999"};

constexpr std::uint64_t kTrapEvery = 5;

}  // namespace

Prose::Prose(std::uint64_t seed, ProseKind kind) {
  core::Random random(seed);
  starts_.reserve(kTokens + 1);
  for (std::uint64_t i = 0; i < kTokens; ++i) {
    starts_.push_back(static_cast<std::uint32_t>(text_.size()));
    const bool trap = kind == ProseKind::tricky && i % kTrapEvery == 0;
    text_ += trap ? kTraps[random.next() % kTraps.size()] : kWords[random.next() % kWords.size()];
  }
  starts_.push_back(static_cast<std::uint32_t>(text_.size()));
}

void Prose::put(std::string& out, std::uint64_t first, std::uint64_t count) const {
  for (first %= kTokens; count > 0; first = 0) {
    const std::uint64_t run = std::min(count, kTokens - first);
    out.append(text_, starts_[first], starts_[first + run] - starts_[first]);
    count -= run;
  }
}

std::uint64_t Prose::bytes(std::uint64_t first, std::uint64_t count) const {
  const std::uint64_t rounds = count / kTokens;
  first %= kTokens;
  count %= kTokens;
  const std::uint64_t before_end = std::min(count, kTokens - first);
  return rounds * text_.size() + starts_[first + before_end] - starts_[first] +
         starts_[count - before_end];
}

std::uint64_t Prose::tokens_within(std::uint64_t first, std::uint64_t bytes_max) const {
  const std::uint64_t rounds = bytes_max / text_.size();
  std::uint64_t low = rounds * kTokens;
  std::uint64_t high = low + kTokens;  // one round more than fits for certain does not
  while (low < high) {
    const std::uint64_t middle = low + (high - low + 1) / 2;
    if (bytes(first, middle) <= bytes_max) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

}  // namespace headrace::tools::mock
