// What a provider says of its own rate limits in the head of an answer, whatever form it has:
//
//   OpenAI      x-ratelimit-{limit,remaining,reset}-{requests,tokens}, reset as in Go ("6m0s")
//   compatible  the same with a suffix (-day, -minute), reset also in plain seconds or as Unix time
//   Azure       -1, or 0 without a reset, where it does not know: taken for nothing said
//   Anthropic   anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{...}, reset as in
//               RFC 3339; anthropic-ratelimit-unified[-5h|-7d]-{status,reset} on subscriptions
//   all         retry-after (seconds, whole or not, or an HTTP date), retry-after-ms,
//               x-should-retry
//
// Strict: a value that is not of a known form is not there. Nothing is believed for longer than
// kHintAheadMsMax.
//
// Threads: a value; owned by whoever reads one head. No allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace headrace::policy {

inline constexpr std::int64_t kHintAheadMsMax = 24LL * 60 * 60 * 1000;

// What a provider limits, each on its own.
enum class Measure : std::uint8_t { requests, tokens, input_tokens, output_tokens };
inline constexpr std::size_t kMeasures = 4;

struct RateWindow {
  std::uint32_t remaining = 0;
  std::uint32_t reset_ms = 0;  // from now; above 0
  friend bool operator==(const RateWindow&, const RateWindow&) = default;
};

struct ProviderHints {
  // Of several windows of one measure (a minute and a day) the one that is spent and resets last,
  // else the one with the least left.
  std::array<std::optional<RateWindow>, kMeasures> windows;
  std::optional<std::uint32_t> retry_after_ms;
  std::optional<bool> should_retry;

  friend bool operator==(const ProviderHints&, const ProviderHints&) = default;
};

class HintReader {
 public:
  // Milliseconds of Unix time, for what providers give as a date.
  explicit HintReader(std::int64_t unix_ms) : unix_ms_(unix_ms) {}

  // Every field of the head; what is no hint is passed over.
  void field(std::string_view name, std::string_view value);
  [[nodiscard]] ProviderHints hints() const;

 private:
  static constexpr std::size_t kWindowsMax = 12;
  static constexpr std::size_t kSuffixBytesMax = 16;

  struct Window {
    Measure measure = Measure::requests;
    std::array<char, kSuffixBytesMax> suffix{};
    std::uint8_t suffix_bytes = 0;
    bool not_known = false;  // a limit or rest below 0, or a limit of 0
    std::optional<std::uint32_t> remaining;
    std::optional<std::uint32_t> reset_ms;
  };
  enum class Part : std::uint8_t { limit, remaining, reset };

  Window* window(Measure measure, std::string_view suffix);
  void openai_field(std::string_view name, std::string_view value);
  void anthropic_field(std::string_view name, std::string_view value);
  void unified_field(std::string_view name, std::string_view value);
  void take(Window& window, Part part, std::string_view value);
  [[nodiscard]] std::optional<std::uint32_t> from_now(std::optional<std::int64_t> unix_ms) const;
  [[nodiscard]] std::optional<std::uint32_t> reset_from_now(std::string_view value) const;
  [[nodiscard]] std::optional<std::uint32_t> retry_after(std::string_view value) const;

  std::int64_t unix_ms_;
  std::array<Window, kWindowsMax> windows_{};
  std::size_t count_ = 0;
  std::optional<std::uint32_t> retry_after_ms_;
  std::optional<std::uint32_t> exact_retry_after_ms_;
  std::optional<bool> should_retry_;
};

}  // namespace headrace::policy
