// Rate-limit fields of providers: what each value means must be what the C library and regular
// expressions say, and whatever a whole head holds, nothing may come out of bounds. The input is a
// head's fields, a line each.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <optional>
#include <regex>
#include <string>
#include <string_view>

#include "policy/dialect/provider_hints.h"
#include "policy/dialect/time_text.h"
#include "tests/fuzz/fuzz_check.h"

namespace headrace::fuzz {
namespace {

constexpr std::int64_t kNowMs = 1'795'774'500'000;

// A regular expression's library recurses by the length of the text.
constexpr std::size_t kValueBytesMax = 60;

std::optional<long double> duration_ms(const std::string& text) {
  static const std::regex part("([0-9]{1,6})(\\.[0-9]{1,9})?(h|ms|m|s|us|\xc2\xb5s|\xce\xbcs|ns)");
  if (text == "0") return 0;
  long double ms = 0;
  long double last = 1e30L;
  auto at = text.cbegin();
  std::smatch found;
  while (at != text.cend()) {
    if (!std::regex_search(at, text.cend(), found, part, std::regex_constants::match_continuous)) {
      return std::nullopt;
    }
    const std::string unit = found[3];
    const long double unit_ms = unit == "h"    ? 3'600'000.0L
                                : unit == "m"  ? 60'000.0L
                                : unit == "s"  ? 1'000.0L
                                : unit == "ms" ? 1.0L
                                : unit == "ns" ? 0.000001L
                                               : 0.001L;
    if (unit_ms >= last) return std::nullopt;
    last = unit_ms;
    ms += std::stold(found[1].str() + found[2].str()) * unit_ms;
    at = found[0].second;
  }
  if (text.empty() || ms > 999'999'000.0L) return std::nullopt;
  return ms;
}

std::optional<long double> seconds_ms(const std::string& text) {
  static const std::regex whole("[0-9]{1,10}(\\.[0-9]{1,9})?");
  if (!std::regex_match(text, whole)) return std::nullopt;
  return std::stold(text) * 1000.0L;
}

std::optional<std::int64_t> unix_ms(std::tm parts, int leap) {
  const std::tm given = parts;
  const std::time_t seconds = timegm(&parts);
  if (parts.tm_mday != given.tm_mday || parts.tm_mon != given.tm_mon) return std::nullopt;
  return (std::int64_t{seconds} + leap) * 1000;
}

std::optional<std::int64_t> rfc3339_ms(const std::string& text) {
  static const std::regex form(
      "([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(\\.([0-9]{1,9}))?"
      "([Zz]|([+-])([0-9]{2}):([0-9]{2}))");
  std::smatch found;
  if (!std::regex_match(text, found, form)) return std::nullopt;
  const auto number = [&](std::size_t i) { return std::stoi(found[i].str()); };
  std::tm parts{};
  parts.tm_year = number(1) - 1900;
  parts.tm_mon = number(2) - 1;
  parts.tm_mday = number(3);
  parts.tm_hour = number(4);
  parts.tm_min = number(5);
  const int second = number(6);
  if (parts.tm_mon < 0 || parts.tm_mon > 11 || parts.tm_mday < 1 || parts.tm_hour > 23 ||
      parts.tm_min > 59 || second > 60) {
    return std::nullopt;
  }
  auto ms = unix_ms(parts, second);
  if (!ms) return std::nullopt;
  if (found[8].matched) {
    std::string digits = found[8].str();
    digits.resize(9, '0');
    *ms += (std::stoll(digits) + 999'999) / 1'000'000;
  }
  if (found[10].matched) {
    if (number(11) > 23 || number(12) > 59) return std::nullopt;
    const std::int64_t offset_ms = (number(11) * 60 + number(12)) * 60'000LL;
    *ms -= found[10].str() == "-" ? -offset_ms : offset_ms;
  }
  return ms;
}

bool close_to(std::optional<std::int64_t> got, std::optional<long double> expected) {
  if (!got || !expected) return got.has_value() == expected.has_value();
  const long double off = static_cast<long double>(*got) - *expected;
  return off > -0.01L && off < 1.01L;  // rounded up
}

void try_value(const std::string& value) {
  if (value.size() > kValueBytesMax) return;
  const auto duration = policy::parse_unit_duration(value);
  const auto expected = duration_ms(value);
  // At the very bound the last digit of a sum decides.
  const bool at_bound = expected && *expected > 999'998'000.0L;
  FUZZ_CHECK(at_bound || close_to(duration, expected));
  FUZZ_CHECK(close_to(policy::parse_seconds(value), seconds_ms(value)));
  FUZZ_CHECK(policy::parse_rfc3339(value) == rfc3339_ms(value));
}

void try_head(std::string_view text) {
  policy::HintReader reader(kNowMs);
  policy::HintReader shouting(kNowMs);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t colon = line.find(": ");
    if (colon == line.npos) continue;
    const std::string value(line.substr(colon + 2));
    std::string name(line.substr(0, colon));
    try_value(value);
    reader.field(name, value);
    std::ranges::transform(name, name.begin(), [](unsigned char c) {
      return static_cast<char>(c < 0x80 ? std::toupper(c) : c);
    });
    shouting.field(name, value);
  }
  const policy::ProviderHints hints = reader.hints();
  FUZZ_CHECK(hints == shouting.hints());
  FUZZ_CHECK(hints.retry_after_ms.value_or(0) <= policy::kHintAheadMsMax);
  for (const auto& window : hints.windows) {
    if (!window) continue;
    FUZZ_CHECK(window->reset_ms > 0 && window->reset_ms <= policy::kHintAheadMsMax);
  }
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  headrace::fuzz::try_head({reinterpret_cast<const char*>(data), size});
  return 0;
}
