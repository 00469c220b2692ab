#include "tests/fuzz/reference_text_scan.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>

#include "policy/estimate/string_head.h"

namespace headrace::fuzz {

namespace {

using policy::Announced;
using policy::TextCounts;

// Where announced things are counted.
const std::map<Announced, std::uint32_t TextCounts::*> kCounted = {
    {Announced::message, &TextCounts::messages},     {Announced::image, &TextCounts::images},
    {Announced::audio, &TextCounts::audios},         {Announced::document, &TextCounts::documents},
    {Announced::reference, &TextCounts::references}, {Announced::search, &TextCounts::searches}};

// What a byte counts as.
enum : char {
  kOutside = 0,  // of strings, and their quotes
  kLetter = 'L',
  kDigit = 'D',
  kSpace = 'S',
  kMark = 'M',
  kLineEnd = 'N',
  kTab = 'T',
  kBackslash = 'B',  // that escapes
};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}

char class_of(char c) {
  if (is_letter(c)) return kLetter;
  if (c >= '0' && c <= '9') return kDigit;
  return c == ' ' ? kSpace : kMark;
}

class Scan {
 public:
  explicit Scan(std::string_view json) : json_(json), classes_(json.size(), kOutside) {}

  TextCounts run() {
    for (std::size_t at = 0; at < json_.size(); ++at) {
      if (json_[at] == '"') {
        at = take_string(at);
      } else {
        take_structure(at);
      }
    }
    for (std::size_t at = 0; at < json_.size(); ++at)
      count(at);
    return counts_;
  }

 private:
  // From its opening quote on; where its closing one is.
  std::size_t take_string(std::size_t open) {
    announce(open);
    std::size_t at = open + 1;
    for (; at < json_.size() && json_[at] != '"'; ++at) {
      if (json_[at] != '\\') {
        classes_[at] = class_of(json_[at]);
        continue;
      }
      classes_[at] = kBackslash;
      const char escaped = ++at < json_.size() ? json_[at] : '"';
      if (at == json_.size()) break;
      if (escaped == 'n' || escaped == 'r') {
        classes_[at] = kLineEnd;
      } else if (escaped == 't') {
        classes_[at] = kTab;
      } else if (escaped == 'u') {
        ++counts_.code_points;
        const std::string digits(json_.substr(at + 1, 4));
        const auto point = std::strtoul(digits.c_str(), nullptr, 16);
        if (point < 0x80 && (is_letter(static_cast<char>(point)) || point == '_')) ++counts_.hidden;
        for (std::size_t i = at - 1; i < at + 5 && i < json_.size(); ++i)
          classes_[i] = kLetter;
        at += 4;
      } else {
        classes_[at] = class_of(escaped) == kDigit || class_of(escaped) == kSpace
                           ? class_of(escaped)
                           : static_cast<char>(kMark);
      }
    }
    return at;
  }

  void take_structure(std::size_t at) {
    const char c = json_[at];
    const bool digit = c >= '0' && c <= '9';
    if (!digit) {
      in_number_ = false;
    } else if (!in_number_) {
      const std::size_t before = at == 0 ? at : json_.find_last_not_of(" \t\r\n", at - 1);
      in_number_ = before < at && (json_[before] == '[' || json_[before] == ',');
    }
    if (in_number_) ++counts_.bare_bytes;
  }

  void announce(std::size_t open) {
    const bool of_mime_type = std::exchange(mime_type_, false);
    if (open < free_end_) return;
    const std::uint64_t head = policy::string_head(json_.substr(open + 1));
    const Announced announced = !follows_colon(open) ? policy::announced_by_key(head)
                                : of_mime_type       ? policy::announced_by_mime_type(head)
                                                     : policy::announced_by_value(head);
    mime_type_ = announced == Announced::mime_type;
    if (announced == Announced::free_form) free_end_ = end_of_container_behind(open);
    const auto counted = kCounted.find(announced);
    if (counted != kCounted.end()) ++(counts_.*counted->second);
  }

  // Of the object or array that comes next behind a string; 0 where something else does.
  [[nodiscard]] std::size_t end_of_container_behind(std::size_t open) const {
    std::size_t at = json_.find_first_of("\"{}[]", end_of_string(open) + 1);
    int depth = 0;
    for (; at < json_.size(); at = json_.find_first_of("\"{}[]", at + 1)) {
      const char c = json_[at];
      if (c == '"' && depth == 0) return 0;
      if (c == '"') at = end_of_string(at);
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth <= 0) return depth == 0 ? at : 0;
    }
    return 0;
  }

  // Where its closing quote is.
  [[nodiscard]] std::size_t end_of_string(std::size_t open) const {
    std::size_t at = open + 1;
    for (; at < json_.size() && json_[at] != '"'; ++at) {
      if (json_[at] == '\\') ++at;
    }
    return at;
  }

  [[nodiscard]] bool follows_colon(std::size_t at) const {
    const std::size_t before = json_.find_last_not_of(" \t\r\n", at - 1);
    return at > 0 && before != std::string_view::npos && json_[before] == ':';
  }

  // What the byte is, or what stands so many bytes before it.
  [[nodiscard]] char was(std::size_t at, std::size_t before) const {
    return before > at ? static_cast<char>(kOutside) : classes_[at - before];
  }
  [[nodiscard]] bool is_escaped(std::size_t at) const { return was(at, 1) == kBackslash; }

  void count(std::size_t at) {
    const char is = classes_[at];
    if (is == kOutside) return;
    ++counts_.text_bytes;
    const char c = json_[at];
    if ((c & 0x80) != 0) ++counts_.high_bytes;
    const char before = was(at, 1);
    switch (is) {
      case kLetter:
        if (before != kLetter) {
          ++counts_.words;
          if (c >= 'A' && c <= 'Z') ++counts_.capitals;
        }
        if (before == kLetter && was(at, 2) == kLetter && was(at, 3) == kLetter &&
            was(at, 4) == kLetter) {
          ++counts_.letters_past_4;
        }
        return;
      case kDigit:
        if (before != kDigit) {
          ++counts_.digit_runs;
          if (before == kSpace) ++counts_.spaced_digits;
        }
        if (before == kDigit && was(at, 2) == kDigit && was(at, 3) == kDigit)
          ++counts_.digits_past_3;
        return;
      case kSpace:
        if (before == kSpace && was(at, 2) != kSpace) ++counts_.wide_gaps;
        return;
      case kMark:
        ++counts_.marks;
        if (was(at, is_escaped(at) ? 2 : 1) != kMark) ++counts_.mark_runs;
        return;
      case kTab:
        if (was(at, 2) != kTab) ++counts_.wide_gaps;
        return;
      case kLineEnd:
        if (was(at, 2) != kLineEnd) ++counts_.line_ends;
        return;
      default:
        return;
    }
  }

  std::string_view json_;
  std::string classes_;
  TextCounts counts_;
  std::size_t free_end_ = 0;  // where what is free of form ends
  bool mime_type_ = false;
  bool in_number_ = false;  // of an array
};

}  // namespace

policy::TextCounts reference_text_scan(std::string_view json) {
  return Scan(json).run();
}

}  // namespace headrace::fuzz
