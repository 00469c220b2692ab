#include "tests/fuzz/reference_text_scan.h"

#include <cstddef>
#include <cstdlib>
#include <string>

#include "policy/estimate/string_head.h"

namespace headrace::fuzz {

namespace {

using policy::Announced;
using policy::TextCounts;

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
    if (c == '{' || c == '[') {
      if (announced_ || depth_ > 0) ++depth_;
      announced_ = false;
    } else if (c == '}' || c == ']') {
      if (depth_ > 0) --depth_;
      announced_ = false;
    }
  }

  void announce(std::size_t open) {
    announced_ = false;
    const bool mime_type = mime_type_;
    mime_type_ = false;
    if (depth_ > 0) return;
    const std::uint64_t head = policy::string_head(json_.substr(open + 1));
    const bool is_value = follows_colon(open);
    switch (!is_value   ? policy::announced_by_key(head)
            : mime_type ? policy::announced_by_mime_type(head)
                        : policy::announced_by_value(head)) {
      case Announced::nothing:
      case Announced::media:
        return;
      case Announced::mime_type:
        mime_type_ = true;
        return;
      case Announced::message:
        ++counts_.messages;
        return;
      case Announced::image:
        ++counts_.images;
        return;
      case Announced::audio:
        ++counts_.audios;
        return;
      case Announced::document:
        ++counts_.documents;
        return;
      case Announced::reference:
        ++counts_.references;
        return;
      case Announced::search:
        ++counts_.searches;
        return;
      case Announced::free_form:
        announced_ = true;
        return;
    }
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
  std::size_t depth_ = 0;  // within what is free of form
  bool announced_ = false;
  bool mime_type_ = false;
  bool in_number_ = false;  // of an array
};

}  // namespace

policy::TextCounts reference_text_scan(std::string_view json) {
  return Scan(json).run();
}

}  // namespace headrace::fuzz
