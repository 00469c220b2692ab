// Hosts, paths and request targets.
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "tests/fuzz/reference_http.h"
#include "tests/fuzz/reference_text.h"

namespace headrace::fuzz {

namespace {

// RFC 3986 section 3.2.2, without zone and IPvFuture: groups of hexadecimal digits between colons,
// at most one "::", a dotted address possibly at the end.
bool is_ipv4(const std::string& text) {
  const auto parts = split(text, '.');
  return parts.size() == 4 && std::ranges::all_of(parts, [](const std::string& part) {
           return !part.empty() && part.size() <= 3 && consists_of(part, kDigits) &&
                  (part.size() == 1 || part[0] != '0') && std::atoi(part.c_str()) <= 255;
         });
}

bool are_groups(const std::string& text, bool dotted_allowed, int& groups) {
  if (text.empty()) return true;
  const auto parts = split(text, ':');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    if (last && dotted_allowed && parts[i].find('.') != std::string::npos) {
      if (!is_ipv4(parts[i])) return false;
      groups += 2;
    } else {
      if (parts[i].empty() || parts[i].size() > 4 || !consists_of(parts[i], kHexDigits)) {
        return false;
      }
      groups += 1;
    }
  }
  return true;
}

bool is_ipv6(const std::string& text) {
  int groups = 0;
  const std::size_t gap = text.find("::");
  if (gap == std::string::npos) return are_groups(text, true, groups) && groups == 8;
  return are_groups(text.substr(0, gap), false, groups) &&
         are_groups(text.substr(gap + 2), true, groups) && groups <= 7;
}

bool is_port(const std::string& text) {
  if (text.empty() || text.size() > 5 || !consists_of(text, kDigits)) return false;
  const int port = std::atoi(text.c_str());
  return port > 0 && port < 65536;
}

}  // namespace

// RFC 9110 section 7.2: Host = uri-host [ ":" port ], plain names only.
bool is_host(const std::string& text) {
  std::string host = text;
  if (!text.empty() && text[0] == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string::npos || !is_ipv6(text.substr(1, end - 1))) return false;
    const std::string behind = text.substr(end + 1);
    return behind.empty() || (behind[0] == ':' && is_port(behind.substr(1)));
  }
  const std::size_t colon = text.find(':');
  if (colon != std::string::npos) {
    if (!is_port(text.substr(colon + 1))) return false;
    host = text.substr(0, colon);
  }
  return !host.empty() && host.size() <= 255 && consists_of(host, "-._" + kDigits + kLetters) &&
         host[0] != '.' && host.find("..") == std::string::npos;
}

namespace {

// RFC 3986 section 2.1, once over the whole text; nothing where an encoding is broken.
std::optional<std::string> decoded(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    const std::string digits = text.substr(i + 1, 2);
    if (digits.size() != 2 || !consists_of(digits, kHexDigits)) return std::nullopt;
    result += static_cast<char>(std::strtol(digits.c_str(), nullptr, 16));
    i += 2;
  }
  return result;
}

// RFC 3629: by code point, so that overlong forms, surrogates and what is too large fall out.
bool is_utf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = static_cast<unsigned char>(text[i]);
    const std::size_t size = lead < 0x80       ? 1
                             : lead >> 5 == 6  ? 2
                             : lead >> 4 == 14 ? 3
                             : lead >> 3 == 30 ? 4
                                               : 0;
    if (size == 0 || i + size > text.size()) return false;
    if (size > 1) {
      std::uint32_t point = lead & (0x7fU >> size);
      for (std::size_t k = 1; k < size; ++k) {
        const unsigned next = static_cast<unsigned char>(text[i + k]);
        if (next >> 6 != 2) return false;
        point = point << 6 | (next & 0x3f);
      }
      const std::uint32_t least = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
      if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    }
    i += size;
  }
  return true;
}

const std::string kUnreserved = "-._~" + kDigits + kLetters;
const std::string kPchar = "!$&'()*+,=:@" + kUnreserved;
const std::string kPathCharacters = kPchar + "%";

bool is_path(const std::string& path) {
  if (path.empty() || path[0] != '/') return false;
  const auto segments = split(path.substr(1), '/');
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string& segment = segments[i];
    if (segment.empty() && i + 1 < segments.size()) return false;
    if (segment == "." || segment == ".." || !consists_of(segment, kPathCharacters)) return false;
    const auto plain = decoded(segment);
    if (!plain || !is_utf8(*plain)) return false;
    for (std::size_t at = segment.find('%'); at != std::string::npos;
         at = segment.find('%', at + 1)) {
      const std::string c = decoded(segment.substr(at, 3)).value_or("%");
      const bool unreserved = consists_of(c, kUnreserved);
      if (unreserved || is_control(c[0]) || c == "\t" ||
          std::string("/\\%;?#").find(c[0]) != std::string::npos) {
        return false;
      }
    }
  }
  return true;
}

bool is_query(const std::string& query) {
  if (!consists_of(query, kPchar + ";/?[]%")) return false;
  const auto plain = decoded(query);
  return plain && (query.find("%00") == std::string::npos);
}

bool read_path_and_query(const std::string& text, ReferenceTarget& target) {
  const std::size_t question = text.find('?');
  target.path = text.substr(0, question);
  if (question != std::string::npos) target.query = text.substr(question + 1);
  if (target.path.empty()) target.path = "/";
  return is_path(target.path) && is_query(target.query);
}

}  // namespace

// RFC 9112 section 3.2.
ReferenceTarget reference_target(const std::string& method, const std::string& text) {
  ReferenceTarget target;
  if (method == "CONNECT") return target;
  if (text == "*") {
    target.form = "asterisk";
    target.path = "*";
    target.valid = method == "OPTIONS";
    return target;
  }
  if (!text.empty() && text[0] == '/') {
    target.form = "origin";
    target.valid = read_path_and_query(text, target);
    return target;
  }
  const std::string scheme = lower(text.substr(0, text.find("://")));
  if (text.find("://") == std::string::npos || (scheme != "http" && scheme != "https")) {
    return target;
  }
  target.form = "absolute";
  std::string rest = text.substr(scheme.size() + 3);
  while (!rest.empty() && rest[0] != '/' && rest[0] != '?') {
    target.authority += rest[0];
    rest.erase(0, 1);
  }
  if (!is_host(target.authority)) return target;
  if (rest.empty() && method == "OPTIONS") {
    target.path = "*";
    target.valid = true;
    return target;
  }
  target.valid = read_path_and_query(rest, target);
  return target;
}

std::string most_lenient_reading(std::string path) {
  for (auto plain = decoded(path); plain && *plain != path; plain = decoded(path))
    path = *plain;
  std::replace(path.begin(), path.end(), '\\', '/');
  std::vector<std::string> kept;
  bool slash_at_end = false;
  for (const std::string& part : split(path, '/')) {
    const std::string segment = part.substr(0, part.find(';'));
    slash_at_end = segment.empty() || segment == "." || segment == "..";
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!slash_at_end) kept.push_back(segment);
  }
  std::string reading;
  for (const std::string& segment : kept)
    reading += "/" + segment;
  return slash_at_end ? reading + "/" : reading;
}

}  // namespace headrace::fuzz
