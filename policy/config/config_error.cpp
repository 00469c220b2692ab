#include "policy/config/config_error.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "policy/config/error_list.h"

namespace headrace::policy::config {
namespace {

constexpr std::size_t kShownBytesMax = 80;

// Levenshtein distance. Both are at most kShownBytesMax long.
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replace = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replace, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string error_text(const ConfigError& error) {
  std::string text = error.file;
  if (error.line != 0) text += fmt::format(":{}:{}", error.line, error.column);
  text += ": " + error.message;
  if (!error.remedy.empty()) text += "; " + error.remedy;
  return text;
}

std::string errors_text(std::span<const ConfigError> errors) {
  std::string text;
  for (const ConfigError& error : errors)
    text += error_text(error) + "\n";
  return text;
}

void ErrorList::add(Place place, std::string message, std::string remedy) {
  if (errors_.size() + 1 >= kConfigErrorsMax) {
    ++not_listed_;
    return;
  }
  errors_.push_back({file_name_, place.line, place.column, std::move(message), std::move(remedy)});
}

std::vector<ConfigError> ErrorList::take() {
  std::ranges::sort(errors_, {}, [](const ConfigError& error) {
    return std::tie(error.line, error.column, error.message);
  });
  if (not_listed_ != 0) {
    errors_.push_back({file_name_, 0, 0, fmt::format("{} more errors are not listed", not_listed_),
                       "mend the first ones and check again"});
  }
  return std::move(errors_);
}

std::string shown(std::string_view text) {
  std::string result = "`";
  for (const char c : text.substr(0, kShownBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    // Anything that is not plain ASCII is replaced: a terminal must not be steered.
    result += byte < 0x20 || byte >= 0x7f ? '?' : c;
  }
  result += text.size() > kShownBytesMax ? "...`" : "`";
  return result;
}

std::string_view nearest(std::string_view text, const std::vector<std::string_view>& candidates) {
  if (text.size() > kShownBytesMax) return {};
  std::string_view best;
  std::size_t best_distance = text.size() / 3 + 2;  // beyond that it is another word
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kShownBytesMax) continue;
    const std::size_t d = distance(text, candidate);
    if (d < best_distance && d < candidate.size()) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view text, const std::vector<std::string_view>& candidates,
                         std::string_view otherwise) {
  const std::string_view near = nearest(text, candidates);
  return near.empty() ? std::string(otherwise) : fmt::format("did you mean `{}`?", near);
}

}  // namespace headrace::policy::config
