// Accept-Language, held against a slow and obvious reading of RFC 9110 section 12.5.4 by regular
// expressions. The input is the field's value.
#include <array>
#include <cstdint>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "policy/config/base_layout.h"
#include "policy/messages/language_wish.h"
#include "tests/fuzz/fuzz_check.h"

namespace headrace::fuzz {
namespace {

using policy::Language;

constexpr std::string_view kTags = "endefres";
constexpr std::array<policy::Catalogue, 4> kRows = {
    {{.language = {0, 2}, .texts = {}, .plural = {}, .reserved = {}},
     {.language = {2, 2}, .texts = {}, .plural = {}, .reserved = {}},
     {.language = {4, 2}, .texts = {}, .plural = {}, .reserved = {}},
     {.language = {6, 2}, .texts = {}, .plural = {}, .reserved = {}}}};

struct Element {
  std::string range;
  double quality;
};

std::vector<Element> elements_of(const std::string& field) {
  static const std::regex form(R"([ \t]*(\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)[ \t]*)"
                               R"((?:;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*)?)");
  std::vector<std::string> parts(1);
  for (const char c : field) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() > policy::LanguageWish::kRangesMax) {
    parts.resize(policy::LanguageWish::kRangesMax);
  }
  std::vector<Element> elements;
  for (const std::string& part : parts) {
    std::smatch match;
    if (part.size() > 1000 || !std::regex_match(part, match, form)) continue;
    std::string range = match[1];
    for (char& c : range)
      c = static_cast<char>(std::tolower(c));
    elements.push_back({range, match[2].matched ? std::stod(match[2]) : 1.0});
  }
  return elements;
}

std::string chosen(const std::string& field, const std::string& fallback) {
  const std::vector<Element> elements = elements_of(field);
  std::set<std::string> mentioned;
  std::set<std::string> refused;
  double any_other = 0;
  double best = 0;
  std::string named;
  for (const Element& element : elements) {
    const std::string language = element.range.substr(0, element.range.find('-'));
    if (element.range == "*") {
      any_other = std::max(any_other, element.quality);
    } else if (element.quality > 0) {
      mentioned.insert(language);
    } else if (element.range == language) {
      mentioned.insert(language);
      refused.insert(language);
    }
  }
  const std::vector<std::string> all = {"en", "de", "fr", "es"};
  for (const Element& element : elements) {
    const std::string language = element.range.substr(0, element.range.find('-'));
    const bool known = std::find(all.begin(), all.end(), language) != all.end();
    if (!known || refused.contains(language) || element.quality <= best) continue;
    best = element.quality;
    named = language;
  }
  if (any_other > best) {
    if (!mentioned.contains(fallback)) return fallback;
    for (const std::string& language : all) {
      if (!mentioned.contains(language)) return language;
    }
  }
  return named.empty() ? fallback : named;
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace;
  const std::string field(reinterpret_cast<const char*>(data), size);
  const policy::Catalogues catalogues(fuzz::kRows, {}, fuzz::kTags);
  const policy::LanguageWish wish(catalogues, field);
  for (std::size_t i = 0; i < fuzz::kRows.size(); ++i) {
    const auto fallback = static_cast<policy::Language>(i);
    const std::string expected = fuzz::chosen(field, std::string(catalogues.tag(fallback)));
    FUZZ_CHECK(catalogues.tag(wish.choose(catalogues, fallback)) == expected);
  }
  return 0;
}
