#include "policy/dialect/provider_hints.h"

#include <algorithm>
#include <limits>

#include "core/ascii.h"
#include "core/parse_number.h"
#include "policy/dialect/time_text.h"

namespace headrace::policy {
namespace {

// A number of seconds so large (in milliseconds here) is a time, not a stretch of it.
constexpr std::int64_t kLeastUnixMs = 1'000'000'000'000;
constexpr std::size_t kNameBytesMax = 64;

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

std::optional<std::uint32_t> bounded(std::optional<std::int64_t> ms) {
  if (!ms || *ms < 0) return std::nullopt;
  return static_cast<std::uint32_t>(std::min(*ms, kHintAheadMsMax));
}

// The tighter of two windows of one measure.
const RateWindow& tighter(const RateWindow& one, const RateWindow& other) {
  if (one.remaining == 0 && other.remaining == 0) {
    return one.reset_ms >= other.reset_ms ? one : other;
  }
  return one.remaining <= other.remaining ? one : other;
}

// By its first letter and length: most fields of an answer need no closer look.
bool may_be_hint(std::string_view name) {
  constexpr std::string_view kShortest = "retry-after";
  if (name.size() < kShortest.size() || name.size() > kNameBytesMax) return false;
  const char first = core::to_lower(name.front());
  return first == 'r' || first == 'x' || first == 'a';
}

}  // namespace

void HintReader::field(std::string_view name, std::string_view value) {
  if (!may_be_hint(name)) return;
  std::array<char, kNameBytesMax> room;
  std::ranges::transform(name, room.begin(), core::to_lower);
  std::string_view text(room.data(), name.size());
  if (text == "retry-after") {
    if (const auto after = retry_after(value)) retry_after_ms_ = after;
  } else if (text == "retry-after-ms") {
    // As seconds are read, so that 1500.5 is one too.
    if (const auto thousandths = parse_seconds(value); thousandths) {
      exact_retry_after_ms_ = bounded((*thousandths + 999) / 1000);
    }
  } else if (text == "x-should-retry") {
    if (value == "true") should_retry_ = true;
    if (value == "false") should_retry_ = false;
  } else if (take_prefix(text, "x-ratelimit-")) {
    openai_field(text, value);
  } else if (take_prefix(text, "anthropic-ratelimit-")) {
    anthropic_field(text, value);
  }
}

// {limit,remaining,reset}-{requests,tokens}[-suffix]
void HintReader::openai_field(std::string_view name, std::string_view value) {
  Part part{};
  if (take_prefix(name, "limit-")) {
    part = Part::limit;
  } else if (take_prefix(name, "remaining-")) {
    part = Part::remaining;
  } else if (take_prefix(name, "reset-")) {
    part = Part::reset;
  } else {
    return;
  }
  Measure measure{};
  if (take_prefix(name, "requests")) {
    measure = Measure::requests;
  } else if (take_prefix(name, "tokens")) {
    measure = Measure::tokens;
  } else {
    return;
  }
  if (!name.empty() && !take_prefix(name, "-")) return;
  if (Window* found = window(measure, name)) take(*found, part, value);
}

// {requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}
void HintReader::anthropic_field(std::string_view name, std::string_view value) {
  if (take_prefix(name, "unified-")) {
    unified_field(name, value);
    return;
  }
  Part part{};
  if (take_suffix(name, "-limit")) {
    part = Part::limit;
  } else if (take_suffix(name, "-remaining")) {
    part = Part::remaining;
  } else if (take_suffix(name, "-reset")) {
    part = Part::reset;
  } else {
    return;
  }
  static constexpr std::array<std::string_view, kMeasures> kNames = {
      "requests", "tokens", "input-tokens", "output-tokens"};
  const auto* measure = std::ranges::find(kNames, name);
  if (measure == kNames.end()) return;
  if (Window* found = window(static_cast<Measure>(measure - kNames.begin()), "")) {
    take(*found, part, value);
  }
}

// [5h-,7d-]{status,reset}: a share of a subscription; used up, it refuses requests.
void HintReader::unified_field(std::string_view name, std::string_view value) {
  std::string_view suffix = "unified";
  if (take_prefix(name, "5h-")) suffix = "unified-5h";
  if (take_prefix(name, "7d-")) suffix = "unified-7d";
  if (name != "status" && name != "reset") return;
  Window* found = window(Measure::requests, suffix);
  if (found == nullptr) return;
  if (name == "reset") {
    take(*found, Part::reset, value);
  } else if (value == "rejected") {
    found->remaining = 0;
  }
}

HintReader::Window* HintReader::window(Measure measure, std::string_view suffix) {
  if (suffix.size() > kSuffixBytesMax) return nullptr;
  for (std::size_t i = 0; i < count_; ++i) {
    Window& each = windows_[i];
    if (each.measure == measure &&
        std::string_view(each.suffix.data(), each.suffix_bytes) == suffix) {
      return &each;
    }
  }
  if (count_ == windows_.size()) return nullptr;
  Window& added = windows_[count_++];
  added.measure = measure;
  std::ranges::copy(suffix, added.suffix.begin());
  added.suffix_bytes = static_cast<std::uint8_t>(suffix.size());
  return &added;
}

void HintReader::take(Window& window, Part part, std::string_view value) {
  if (part == Part::reset) {
    if (const auto reset = reset_from_now(value)) window.reset_ms = reset;
    return;
  }
  if (value.starts_with('-')) {
    if (core::parse_decimal(value.substr(1))) window.not_known = true;
    return;
  }
  const auto number = core::parse_decimal(value);
  if (!number) return;
  if (part == Part::limit) {
    if (*number == 0) window.not_known = true;
    return;
  }
  window.remaining = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(*number, std::numeric_limits<std::uint32_t>::max()));
}

std::optional<std::uint32_t> HintReader::from_now(std::optional<std::int64_t> unix_ms) const {
  if (!unix_ms) return std::nullopt;
  return bounded(std::max<std::int64_t>(*unix_ms - unix_ms_, 0));
}

std::optional<std::uint32_t> HintReader::reset_from_now(std::string_view value) const {
  if (const auto duration = parse_unit_duration(value)) return bounded(duration);
  if (const auto ms = parse_seconds(value)) {
    return *ms >= kLeastUnixMs ? from_now(ms) : bounded(ms);
  }
  // Unix time in milliseconds has too many digits for seconds.
  if (value.size() == 13) {
    if (const auto unix_ms = core::parse_decimal(value)) {
      return from_now(static_cast<std::int64_t>(*unix_ms));
    }
  }
  return from_now(parse_rfc3339(value));
}

std::optional<std::uint32_t> HintReader::retry_after(std::string_view value) const {
  if (const auto ms = parse_seconds(value)) return bounded(ms);
  return from_now(parse_http_date(value));
}

ProviderHints HintReader::hints() const {
  ProviderHints hints;
  hints.retry_after_ms = exact_retry_after_ms_ ? exact_retry_after_ms_ : retry_after_ms_;
  hints.should_retry = should_retry_;
  for (std::size_t i = 0; i < count_; ++i) {
    const Window& each = windows_[i];
    if (each.not_known || !each.remaining || each.reset_ms.value_or(0) == 0) continue;
    const RateWindow said{.remaining = *each.remaining, .reset_ms = *each.reset_ms};
    auto& known = hints.windows[static_cast<std::size_t>(each.measure)];
    known = known ? tighter(*known, said) : said;
  }
  return hints;
}

}  // namespace headrace::policy
