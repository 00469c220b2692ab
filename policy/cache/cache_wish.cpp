#include "policy/cache/cache_wish.h"

#include <algorithm>

#include "core/ascii.h"

namespace headrace::policy {
namespace {

constexpr std::string_view kSpace = " \t";
// More than a century: as good as none.
constexpr std::size_t kSecondsDigitsMax = 10;

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool is(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower,
                            [](char c, char expected) { return core::to_lower(c) == expected; });
}

std::string_view unquoted(std::string_view value) {
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return quoted ? value.substr(1, value.size() - 2) : value;
}

// -1: it is not a number of seconds.
std::int64_t seconds_of(std::string_view text) {
  if (text.empty() || !std::ranges::all_of(text, core::is_digit)) {
    return -1;
  }
  if (text.size() > kSecondsDigitsMax) return INT64_MAX;
  std::int64_t seconds = 0;
  for (const char digit : text)
    seconds = seconds * 10 + (digit - '0');
  return seconds;
}

}  // namespace

void CacheWish::read_own_field(std::string_view value) {
  const std::string_view word = trim(value);
  if (is(word, "on")) {
    on_ = true;
  } else if (is(word, "refresh")) {
    on_ = refresh_ = true;
  } else {
    off_ = true;
  }
}

void CacheWish::read_cache_control(std::string_view value) {
  while (!value.empty()) {
    // A comma within quotes ends no directive; no request directive that means anything has one.
    const std::size_t end = std::min(value.find(','), value.size());
    const std::string_view directive = trim(value.substr(0, end));
    const std::size_t equals = std::min(directive.find('='), directive.size());
    read_directive(trim(directive.substr(0, equals)), equals == directive.size()
                                                          ? std::string_view{}
                                                          : trim(directive.substr(equals + 1)));
    value.remove_prefix(std::min(end + 1, value.size()));
  }
}

void CacheWish::read_directive(std::string_view name, std::string_view value) {
  if (is(name, "no-store")) {
    off_ = true;
  } else if (is(name, "no-cache")) {
    refresh_ = true;
  } else if (is(name, "only-if-cached")) {
    on_ = only_ = true;
  } else if (is(name, "max-age")) {
    // What cannot be read is taken for stale at once (RFC 9111 section 4.2.1).
    const std::int64_t seconds = std::max<std::int64_t>(seconds_of(unquoted(value)), 0);
    max_age_s_ = std::min(max_age_s_, seconds);
    seconds == 0 ? refresh_ = true : on_ = true;
  }
}

}  // namespace headrace::policy
