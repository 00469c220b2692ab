// Words of the grammar that the reference parsers share.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace headrace::fuzz {

inline const std::string kDigits = "0123456789";
inline const std::string kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
inline const std::string kHexDigits = "0123456789abcdefABCDEF";

inline bool consists_of(const std::string& text, const std::string& characters) {
  return text.find_first_not_of(characters) == std::string::npos;
}

inline std::string lower(std::string text) {
  for (char& c : text) {
    const std::size_t at = kLetters.find(c);
    if (at != std::string::npos) c = kLetters[at % 26];
  }
  return text;
}

// RFC 9110 section 5.6.2: token = 1*tchar.
inline bool is_token(const std::string& text) {
  return !text.empty() && consists_of(text, "!#$%&'*+-.^_`|~" + kDigits + kLetters);
}

// RFC 9110 section 5.5: field values hold VCHAR, obs-text, SP and HTAB.
inline bool is_control(char c) {
  const int value = static_cast<unsigned char>(c);
  return (value < 32 && c != '\t') || value == 127;
}

// RFC 9110 section 5.6.3: OWS = *( SP / HTAB ).
inline std::string without_white_space_around(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

inline std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

// RFC 9110 section 7.2: Host.
[[nodiscard]] bool is_host(const std::string& text);

}  // namespace headrace::fuzz
