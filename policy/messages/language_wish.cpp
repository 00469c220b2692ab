#include "policy/messages/language_wish.h"

#include <algorithm>

#include "core/ascii.h"

namespace headrace::policy {
namespace {

// In thousandths, as a weight has three decimals at most.
using Quality = std::uint16_t;
constexpr Quality kFull = 1000;

using core::is_digit;
using core::is_letter;

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return text;
}

// language-range = (1*8ALPHA *("-" 1*8alphanum)) / "*"       RFC 4647, section 2.1
bool is_range(std::string_view text) {
  if (text == "*") return true;
  bool first = true;
  for (;;) {
    const std::size_t dash = text.find('-');
    const std::string_view subtag = text.substr(0, dash);
    const bool good =
        !subtag.empty() && subtag.size() <= 8 && std::ranges::all_of(subtag, [first](char c) {
          return is_letter(c) || (!first && is_digit(c));
        });
    if (!good) return false;
    if (dash == text.npos) return true;
    text.remove_prefix(dash + 1);
    first = false;
  }
}

// weight = OWS ";" OWS "q=" qvalue                            RFC 9110, section 12.4.2
std::optional<Quality> quality_of(std::string_view weight) {
  if (weight.size() < 3 || (weight[0] != 'q' && weight[0] != 'Q') || weight[1] != '=') {
    return std::nullopt;
  }
  const std::string_view value = weight.substr(2);
  if (value.size() > 5 || (value[0] != '0' && value[0] != '1')) return std::nullopt;
  if (value.size() > 1 && value[1] != '.') return std::nullopt;
  unsigned thousandths = value[0] == '1' ? kFull : 0;
  unsigned place = 100;
  for (std::size_t i = 2; i < value.size(); ++i, place /= 10) {
    if (!is_digit(value[i])) return std::nullopt;
    thousandths += place * static_cast<unsigned>(value[i] - '0');
  }
  if (thousandths > kFull) return std::nullopt;
  return static_cast<Quality>(thousandths);
}

struct Element {
  std::string_view range;
  Quality quality = kFull;
};

std::optional<Element> element_of(std::string_view text) {
  const std::size_t semicolon = text.find(';');
  Element element{trimmed(text.substr(0, semicolon)), kFull};
  if (!is_range(element.range)) return std::nullopt;
  if (semicolon != text.npos) {
    const auto quality = quality_of(trimmed(text.substr(semicolon + 1)));
    if (!quality) return std::nullopt;
    element.quality = *quality;
  }
  return element;
}

}  // namespace

LanguageWish::LanguageWish(const Catalogues& catalogues, std::string_view accept_language) {
  struct Wanted {
    Quality quality = 0;
    std::uint8_t place = 0;
  };
  std::array<Wanted, kCataloguesMax> wanted{};
  std::uint16_t refused = 0;
  Quality any_other = 0;
  std::string_view rest = accept_language;
  for (std::uint8_t place = 0; place < kRangesMax && !rest.empty(); ++place) {
    const std::string_view text = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), text.size() + 1));
    const auto element = element_of(text);
    if (!element) continue;
    if (element->range == "*") {
      any_other = std::max(any_other, element->quality);
      continue;
    }
    const auto language = catalogues.find(element->range);
    if (!language) continue;
    const auto index = static_cast<std::size_t>(*language);
    const auto bit = static_cast<std::uint16_t>(1U << index);
    const bool exact = element->range.find('-') == element->range.npos;
    if (element->quality == 0) {
      // "de-CH;q=0" refuses Swiss German, which nobody has, and says nothing of German.
      if (!exact) continue;
      refused = static_cast<std::uint16_t>(refused | bit);
    }
    mentioned_ = static_cast<std::uint16_t>(mentioned_ | bit);
    if (element->quality > wanted[index].quality) wanted[index] = {element->quality, place};
  }

  Wanted best;
  for (std::size_t i = 0; i < catalogues.size(); ++i) {
    if ((unsigned{refused} >> i & 1U) != 0 || wanted[i].quality == 0) continue;
    const bool better = wanted[i].quality > best.quality ||
                        (wanted[i].quality == best.quality && wanted[i].place < best.place);
    if (!better) continue;
    best = wanted[i];
    language_ = static_cast<Language>(i);
    is_named_ = true;
  }
  any_other_ = any_other > best.quality;
}

std::optional<LanguageWish> LanguageWish::named(const Catalogues& catalogues,
                                                std::string_view tag) {
  if (tag == "*" || !is_range(tag)) return std::nullopt;
  const auto language = catalogues.find(tag);
  if (!language) return std::nullopt;
  return LanguageWish(*language);
}

Language LanguageWish::choose(const Catalogues& catalogues, Language fallback) const {
  const auto is_other = [&](std::size_t index) { return (mentioned_ >> index & 1U) == 0; };
  if (any_other_) {
    if (is_other(static_cast<std::size_t>(fallback))) return fallback;
    for (std::size_t i = 0; i < catalogues.size(); ++i) {
      if (is_other(i)) return static_cast<Language>(i);
    }
  }
  return is_named_ ? language_ : fallback;
}

}  // namespace headrace::policy
