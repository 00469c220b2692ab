#include "policy/config/path_pattern.h"

#include "core/ascii.h"

namespace headrace::policy::config {
namespace {

bool is_hex(char c) {
  return core::is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// RFC 3986 pchar without percent, and without the semicolon, which some servers cut paths at.
bool is_plain(char c) {
  return core::is_letter_or_digit(c) || std::string_view("-._~!$&'()*+,=:@").contains(c);
}

// "%2e" and "%2f" and their like: encoded characters that some readers take for structure.
bool is_structural(std::string_view two_digits) {
  const char high = two_digits[0];
  const char low = two_digits[1];
  const int low_value = low <= '9' ? low - '0' : (low | 0x20) - 'a' + 10;
  const int value = (high <= '9' ? high - '0' : (high | 0x20) - 'a' + 10) * 16 + low_value;
  return value < 0x20 || value == 0x7f || value == '.' || value == '/' || value == '\\' ||
         value == ';' || value == '%' || value == '?' || value == '#';
}

// Takes the next segment off `rest`, which begins with a slash.
std::string_view take_segment(std::string_view& rest) {
  const std::size_t end = rest.find('/', 1);
  const std::string_view segment = rest.substr(1, end == rest.npos ? rest.npos : end - 1);
  rest = end == rest.npos ? std::string_view() : rest.substr(end);
  return segment;
}

bool is_dots(std::string_view segment) {
  return segment == "." || segment == "..";
}

}  // namespace

bool is_unambiguous_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '/' || is_plain(c)) continue;
    if (c != '%' || i + 2 >= path.size() || !is_hex(path[i + 1]) || !is_hex(path[i + 2])) {
      return false;
    }
    if (is_structural(path.substr(i + 1, 2))) return false;
    i += 2;
  }
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view segment = take_segment(rest);
    if (segment.empty() || is_dots(segment)) return false;
  }
  return true;
}

std::optional<std::string> judge_path_pattern(std::string_view pattern) {
  if (pattern.size() > kPathPatternBytesMax) return "it is longer than 256 bytes";
  if (pattern.empty() || pattern.front() != '/') return "it does not begin with a slash";
  for (std::string_view rest = pattern; !rest.empty();) {
    const std::string_view segment = take_segment(rest);
    if (segment.empty()) return "it has an empty segment";
    if (is_dots(segment)) return "it has a dot segment";
    if (segment == "*") continue;
    if (segment == "**") {
      if (!rest.empty()) return "`**` stands before its end";
      if (segment.size() + 1 == pattern.size()) return "`/**` alone would let everything through";
      continue;
    }
    for (const char c : segment) {
      if (c == '*') return "a star stands beside other characters of its segment";
      if (!is_plain(c)) return "it has a character that is not plain in a path";
    }
  }
  return std::nullopt;
}

bool path_matches(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = take_segment(pattern);
    if (wanted == "**") return true;
    const std::string_view segment = take_segment(path);
    if (wanted != "*" && wanted != segment) return false;
  }
  return pattern.empty() && path.empty();
}

}  // namespace headrace::policy::config
