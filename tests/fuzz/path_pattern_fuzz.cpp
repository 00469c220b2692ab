// Path patterns, held against a slow and obvious matcher over lists of segments. The input is a
// pattern, a line end and a path.
#include <cstdint>
#include <string>
#include <vector>

#include "policy/config/path_pattern.h"
#include "tests/fuzz/fuzz_check.h"

namespace headrace::fuzz {
namespace {

using Segments = std::vector<std::string>;

Segments split(std::string_view path) {
  Segments segments(1);
  for (const char c : path) {
    if (c == '/') {
      segments.emplace_back();
    } else {
      segments.back() += c;
    }
  }
  return segments;  // the first one stands before the first slash
}

bool matches(const Segments& pattern, const Segments& path, std::size_t p, std::size_t s) {
  if (p == pattern.size()) return s == path.size();
  if (s == path.size()) return false;
  if (pattern[p] == "**") {
    return matches(pattern, path, p + 1, s + 1) || matches(pattern, path, p, s + 1);
  }
  return (pattern[p] == "*" || pattern[p] == path[s]) && matches(pattern, path, p + 1, s + 1);
}

std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      result += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

void try_pair(std::string_view pattern, std::string_view path) {
  using namespace policy::config;
  if (is_unambiguous_path(path)) {
    // Decoding it changes nothing that has structure.
    const Segments plain = split(path);
    const Segments again = split(decoded(path));
    FUZZ_CHECK(plain.size() == again.size() && plain.front().empty());
    for (std::size_t i = 1; i < again.size(); ++i) {
      FUZZ_CHECK(!again[i].empty() && again[i] != "." && again[i] != "..");
      FUZZ_CHECK(again[i].find_first_of(std::string_view("\\;?#%\0\r\n", 8)) == std::string::npos);
    }
    if (!judge_path_pattern(pattern)) {
      FUZZ_CHECK(path_matches(pattern, path) == matches(split(pattern), plain, 0, 0));
    }
  }
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line_end = text.find('\n');
  if (line_end == text.npos) return 0;
  headrace::fuzz::try_pair(text.substr(0, line_end), text.substr(line_end + 1));
  return 0;
}
