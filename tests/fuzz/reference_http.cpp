#include "tests/fuzz/reference_http.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>

namespace headrace::fuzz {

namespace {

using Lines = std::vector<std::string>;

const std::string kDigits = "0123456789";
const std::string kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const std::string kHexDigits = "0123456789abcdefABCDEF";

bool consists_of(const std::string& text, const std::string& characters) {
  return text.find_first_not_of(characters) == std::string::npos;
}

std::string lower(std::string text) {
  for (char& c : text) {
    const std::size_t at = kLetters.find(c);
    if (at != std::string::npos) c = kLetters[at % 26];
  }
  return text;
}

// RFC 9110 section 5.6.2: token = 1*tchar.
bool is_token(const std::string& text) {
  return !text.empty() && consists_of(text, "!#$%&'*+-.^_`|~" + kDigits + kLetters);
}

// RFC 9110 section 5.5: field values hold VCHAR, obs-text, SP and HTAB.
bool is_control(char c) {
  const int value = static_cast<unsigned char>(c);
  return (value < 32 && c != '\t') || value == 127;
}

// RFC 9110 section 5.6.3: OWS = *( SP / HTAB ).
std::string without_white_space_around(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

// --- heads ---------------------------------------------------------------------------------------

struct Split {
  Outcome outcome = Outcome::incomplete;
  std::size_t consumed = 0;
  Lines lines;
};

// RFC 9112 section 2.1: start-line CRLF *( field-line CRLF ) CRLF, one character after the other.
Split split_head(std::string_view bytes, const ReferenceLimits& limits, bool request) {
  Split result;
  std::string line;
  std::size_t at = 0;
  bool skipped_empty_line = false;
  while (at < bytes.size() && at < limits.head_bytes_max) {
    const char c = bytes[at];
    if (c == '\r') {
      if (at + 1 >= std::min(bytes.size(), limits.head_bytes_max)) break;
      if (bytes[at + 1] != '\n') return {Outcome::bad, 0, {}};
      at += 2;
      if (line.empty() && result.lines.empty()) {
        // RFC 9112 section 2.2: at least one empty line before a request is to be ignored.
        if (!request || skipped_empty_line) return {Outcome::bad, 0, {}};
        skipped_empty_line = true;
        continue;
      }
      if (line.empty()) {
        result.outcome = Outcome::complete;
        result.consumed = at;
        return result;
      }
      result.lines.push_back(line);
      line.clear();
      if (result.lines.size() - 1 > limits.fields_max) return {Outcome::bad, 0, {}};
      continue;
    }
    if (is_control(c)) return {Outcome::bad, 0, {}};
    line += c;
    if (line.size() > limits.line_bytes_max) return {Outcome::bad, 0, {}};
    ++at;
  }
  if (bytes.size() >= limits.head_bytes_max) return {Outcome::bad, 0, {}};
  return result;
}

// RFC 9112 section 2.3.
bool read_version(const std::string& text, int& minor) {
  minor = text == "HTTP/1.0" ? 0 : 1;
  return text == "HTTP/1.0" || text == "HTTP/1.1";
}

// Names that a server behind us could take for one of these if it reads "_" as "-".
bool is_disguise(const std::string& name) {
  static const std::set<std::string> kWorthDisguising = {"host",
                                                         "content-length",
                                                         "transfer-encoding",
                                                         "content-type",
                                                         "authorization",
                                                         "x-api-key",
                                                         "api-key",
                                                         "x-goog-api-key",
                                                         "x-headrace-key",
                                                         "connection",
                                                         "keep-alive",
                                                         "proxy-connection",
                                                         "te",
                                                         "trailer",
                                                         "upgrade",
                                                         "http2-settings",
                                                         "expect",
                                                         "proxy-authenticate",
                                                         "proxy-authorization",
                                                         "x-forwarded-for",
                                                         "via",
                                                         "x-forwarded-host",
                                                         "x-forwarded-proto",
                                                         "forwarded",
                                                         "x-real-ip",
                                                         "x-request-id",
                                                         "traceparent"};
  if (name.find('_') == std::string::npos) return false;
  std::string plain = lower(name);
  std::replace(plain.begin(), plain.end(), '_', '-');
  return kWorthDisguising.contains(plain);
}

// RFC 9112 section 5: field-line = field-name ":" OWS field-value OWS.
bool read_fields(const Lines& lines, bool request, std::vector<ReferenceField>& fields) {
  static const std::set<std::string> kOnlyOnce = {
      "host",      "content-length", "transfer-encoding", "content-type",  "authorization",
      "x-api-key", "api-key",        "x-goog-api-key",    "x-headrace-key"};
  std::map<std::string, int> seen;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::size_t colon = lines[i].find(':');
    if (colon == std::string::npos) return false;
    const std::string name = lines[i].substr(0, colon);
    if (!is_token(name)) return false;
    if (request && is_disguise(name)) return false;
    if (++seen[lower(name)] > 1 && kOnlyOnce.contains(lower(name))) return false;
    fields.push_back({name, without_white_space_around(lines[i].substr(colon + 1)), false});
  }
  return true;
}

std::optional<std::string> value_of(const std::vector<ReferenceField>& fields,
                                    const std::string& name) {
  for (const ReferenceField& field : fields) {
    if (lower(field.name) == name) return field.value;
  }
  return std::nullopt;
}

// RFC 9110 section 7.6.1 and RFC 9112 section 9.3.
bool read_connection(ReferenceHead& head) {
  std::set<std::string> options;
  std::size_t members = 0;
  for (const ReferenceField& field : head.fields) {
    if (lower(field.name) != "connection") continue;
    for (const std::string& member : split(field.value, ',')) {
      const std::string option = without_white_space_around(member);
      if (++members > 32) return false;
      if (option.empty()) continue;
      if (!is_token(option)) return false;
      options.insert(lower(option));
    }
  }
  for (ReferenceField& field : head.fields) {
    const std::string name = lower(field.name);
    field.named_by_connection = name != "close" && name != "keep-alive" && options.contains(name);
  }
  head.keep_alive =
      !options.contains("close") && (head.minor_version == 1 || options.contains("keep-alive"));
  return true;
}

// RFC 9112 sections 6.1 to 6.3, where everything doubtful is refused.
bool read_framing(ReferenceHead& head) {
  const auto length = value_of(head.fields, "content-length");
  const auto coding = value_of(head.fields, "transfer-encoding");
  if (length && coding) return false;
  if (coding) {
    head.framing = "chunked";
    return head.minor_version == 1 && lower(*coding) == "chunked";
  }
  if (length) {
    head.framing = "length";
    if (length->empty() || length->size() > 19 || !consists_of(*length, kDigits)) return false;
    head.content_length = std::strtoull(length->c_str(), nullptr, 10);
    return head.content_length <= 9223372036854775807ULL;
  }
  return true;
}

// --- hosts and targets ---------------------------------------------------------------------------

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

ReferenceHead reference_request(std::string_view bytes, const ReferenceLimits& limits) {
  ReferenceHead head;
  const Split split_up = split_head(bytes, limits, true);
  head.outcome = split_up.outcome;
  if (head.outcome != Outcome::complete) return head;

  head.outcome = Outcome::bad;
  head.consumed = split_up.consumed;
  // RFC 9112 section 3: request-line = method SP request-target SP HTTP-version.
  const auto parts = split(split_up.lines[0], ' ');
  if (parts.size() != 3) return head;
  head.method = parts[0];
  if (!is_token(head.method) || head.method == "TRACE") return head;
  if (!read_version(parts[2], head.minor_version)) return head;
  head.target = reference_target(head.method, parts[1]);
  if (!head.target.valid) return head;
  if (!read_fields(split_up.lines, true, head.fields)) return head;
  if (!read_connection(head)) return head;

  // RFC 9112 section 3.2.
  const auto host = value_of(head.fields, "host");
  if (!host && head.minor_version == 1) return head;
  if (host && !is_host(*host)) return head;
  const bool absolute = head.target.form == "absolute";
  if (host && absolute && lower(*host) != lower(head.target.authority)) return head;
  head.host = host ? *host : head.target.authority;

  head.framing = "none";
  if (!read_framing(head)) return head;

  // RFC 9110 section 10.1.1.
  const auto expect = value_of(head.fields, "expect");
  if (expect && head.minor_version == 1) {
    if (lower(*expect) != "100-continue") return head;
    head.expect_continue = head.framing == "chunked" || head.content_length > 0;
  }
  head.outcome = Outcome::complete;
  return head;
}

ReferenceHead reference_response(std::string_view bytes, const ReferenceLimits& limits,
                                 bool answers_head) {
  ReferenceHead head;
  const std::string_view prefix = "HTTP/";
  for (std::size_t i = 0; i < prefix.size() && i < bytes.size(); ++i) {
    if (bytes[i] != prefix[i]) {
      head.outcome = Outcome::bad;
      return head;
    }
  }
  const Split split_up = split_head(bytes, limits, false);
  head.outcome = split_up.outcome;
  if (head.outcome != Outcome::complete) return head;

  head.outcome = Outcome::bad;
  head.consumed = split_up.consumed;
  // RFC 9112 section 4: status-line = HTTP-version SP status-code SP [ reason-phrase ].
  const std::string& line = split_up.lines[0];
  const auto parts = split(line, ' ');
  if (parts.size() < 2 || !read_version(parts[0], head.minor_version)) return head;
  if (parts[1].size() != 3 || !consists_of(parts[1], kDigits)) return head;
  head.status = std::atoi(parts[1].c_str());
  if (head.status < 100 || head.status > 599 || head.status == 101) return head;
  if (parts.size() > 2) head.reason = line.substr(parts[0].size() + parts[1].size() + 2);
  if (!read_fields(split_up.lines, false, head.fields)) return head;
  if (!read_connection(head)) return head;

  // RFC 9112 section 6.3.
  head.framing = "close";
  if (!read_framing(head)) return head;
  if (head.status < 200 || head.status == 204) {
    if (head.framing == "chunked" || head.content_length > 0) return head;
    head.framing = "none";
  }
  if (head.status == 304 || answers_head) head.framing = "none";
  if (head.framing == "close") head.keep_alive = false;
  head.outcome = Outcome::complete;
  return head;
}

// --- chunked bodies ------------------------------------------------------------------------------

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
