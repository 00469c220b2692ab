// Chunked bodies.
#include <cstdlib>
#include <string>

#include "tests/fuzz/reference_http.h"
#include "tests/fuzz/reference_text.h"

namespace headrace::fuzz {

namespace {

// Takes a line off the front of `rest`. Only CR LF ends a line; any other control character is bad.
Outcome take_line(std::string_view& rest, std::string& line) {
  line.clear();
  for (std::size_t at = 0; at < rest.size(); ++at) {
    if (rest[at] == '\r') {
      if (at + 1 == rest.size()) return Outcome::incomplete;
      if (rest[at + 1] != '\n') return Outcome::bad;
      rest.remove_prefix(at + 2);
      return Outcome::complete;
    }
    if (is_control(rest[at])) return Outcome::bad;
    line += rest[at];
  }
  return Outcome::incomplete;
}

// Whether a line is whole, though the LF behind its CR may not have come yet.
bool line_has_ended(Outcome taken, std::string_view rest) {
  return taken == Outcome::complete || (!rest.empty() && rest.back() == '\r');
}

// Whether the beginning of a chunk-size line may still become one, or is one. RFC 9112 section 7.1:
// chunk-size [ chunk-ext ], white space only where ";" follows.
bool is_size_line(const std::string& line, bool whole) {
  std::size_t digits = line.find_first_not_of(kHexDigits);
  if (digits == std::string::npos) digits = line.size();
  if (digits > 15 || (digits == 0 && (whole || !line.empty()))) return false;
  const std::string behind = line.substr(digits);
  if (behind.size() > 1024) return false;
  const std::size_t semicolon = behind.find_first_not_of(" \t");
  if (semicolon == std::string::npos) return !whole || behind.empty();
  return behind[semicolon] == ';';
}

// The same for a trailer field, by RFC 9112 section 5.
bool is_trailer_line(const std::string& line, bool whole) {
  const std::size_t colon = line.find(':');
  if (colon != std::string::npos) return is_token(line.substr(0, colon));
  return !whole && (line.empty() || is_token(line));
}

}  // namespace

ReferenceBody reference_chunked(std::string_view bytes) {
  ReferenceBody result;
  std::string_view rest = bytes;
  std::string line;
  std::size_t extension_excess = 0;
  const auto end = [&result](Outcome outcome) {
    result.outcome = outcome;
    return result;
  };
  while (true) {
    const Outcome taken = take_line(rest, line);
    if (taken == Outcome::bad || !is_size_line(line, line_has_ended(taken, rest))) {
      return end(Outcome::bad);
    }
    const std::size_t digits = std::min(line.find_first_not_of(kHexDigits), line.size());
    extension_excess += line.size() - digits;
    if (extension_excess > 16'384) return end(Outcome::bad);
    if (taken == Outcome::incomplete) return end(Outcome::incomplete);
    const std::uint64_t size = std::strtoull(line.substr(0, digits).c_str(), nullptr, 16);
    if (size == 0) break;

    const std::string_view data = rest.substr(0, size);
    result.body += data;
    rest.remove_prefix(data.size());
    extension_excess -= std::min<std::size_t>(extension_excess, data.size());
    if (data.size() < size || rest.empty()) return end(Outcome::incomplete);
    if (rest[0] != '\r') return end(Outcome::bad);
    if (rest.size() == 1) return end(Outcome::incomplete);
    if (rest[1] != '\n') return end(Outcome::bad);
    rest.remove_prefix(2);
  }
  std::size_t trailer_bytes = 0;
  while (true) {
    const std::size_t before = rest.size();
    const Outcome taken = take_line(rest, line);
    if (taken == Outcome::bad || (!line.empty() && !is_trailer_line(line, false))) {
      return end(Outcome::bad);
    }
    if (line_has_ended(taken, rest) && !line.empty() && !is_trailer_line(line, true)) {
      return end(Outcome::bad);
    }
    if (!line.empty()) {
      trailer_bytes += taken == Outcome::complete ? before - rest.size() : rest.size();
      if (trailer_bytes > 8'192) return end(Outcome::bad);
    }
    if (taken == Outcome::incomplete) return end(Outcome::incomplete);
    if (line.empty()) break;
  }
  result.consumed = bytes.size() - rest.size();
  return end(Outcome::complete);
}

}  // namespace headrace::fuzz
