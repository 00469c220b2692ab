#include "net/http/target.h"

#include <array>
#include <cstddef>

#include <arpa/inet.h>

#include "net/http/text.h"

namespace headrace::net::http {

namespace {

// The octet that "%XX" at the start of text stands for, or -1.
int encoded_octet(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return -1;
  const int high = hex_value(text[1]);
  const int low = hex_value(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Encoded octets above 0x7f must be UTF-8 in its shortest form (RFC 3629 section 4): decoders that
// are lax about it have found slashes in what is none. Returns how many octets the sequence at the
// start of text has; 0 where it is not valid.
std::size_t encoded_utf8_octets(std::string_view text) {
  const int lead = encoded_octet(text);
  const std::size_t octets = lead >= 0xc2 && lead <= 0xdf   ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
  for (std::size_t i = 1; i < octets; ++i) {
    if (text.size() < 3 * i) return 0;
    const int octet = encoded_octet(text.substr(3 * i));
    const int least = i > 1 ? 0x80 : lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const int most = i > 1 ? 0xbf : lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (octet < least || octet > most) return 0;
  }
  return octets;
}

// `rest` begins with "%". Sets how many characters of it belong to this encoding.
ParseError judge_encoded(std::string_view rest, std::size_t& characters) {
  const int octet = encoded_octet(rest);
  if (octet < 0) return ParseError::target_percent_encoding;
  characters = 3;
  if (octet >= 0x80) {
    characters = 3 * encoded_utf8_octets(rest);
    return characters == 0 ? ParseError::target_percent_encoding : ParseError::none;
  }
  // What some server may take for its plain self: unreserved characters need no encoding, and
  // those that end or split a path must not hide in one.
  const char c = static_cast<char>(octet);
  constexpr std::string_view kNeverEncoded = "/\\%;?#";
  const bool hidden = octet < 0x20 || octet == 0x7f || is(CharClass::unreserved, c) ||
                      kNeverEncoded.find(c) != std::string_view::npos;
  return hidden ? ParseError::path_encoded_character : ParseError::none;
}

// `rest` begins behind a "/".
ParseError judge_segment_start(std::string_view rest) {
  if (rest.empty()) return ParseError::none;
  if (rest[0] == '/') return ParseError::path_empty_segment;
  if (rest[0] != '.') return ParseError::none;
  const std::string_view segment = rest.substr(0, rest.find('/'));
  return segment == "." || segment == ".." ? ParseError::path_dot_segment : ParseError::none;
}

ParseError wrong_character(char c) {
  return c == '#' ? ParseError::target_fragment : ParseError::target_character;
}

// `path` begins with "/".
ParseError judge_path(std::string_view path) {
  std::size_t at = 0;
  while (at < path.size()) {
    const char c = path[at];
    std::size_t characters = 1;
    ParseError error = ParseError::none;
    if (c == '/') {
      error = judge_segment_start(path.substr(at + 1));
    } else if (c == '%') {
      error = judge_encoded(path.substr(at), characters);
    } else if (!is(CharClass::path, c)) {
      error = wrong_character(c);
    }
    if (error != ParseError::none) return error;
    at += characters;
  }
  return ParseError::none;
}

// Parameters carry free text, so any octet but NUL may be encoded.
ParseError judge_query(std::string_view query) {
  for (std::size_t at = 0; at < query.size(); ++at) {
    if (is(CharClass::query, query[at])) continue;
    if (query[at] != '%') return wrong_character(query[at]);
    if (encoded_octet(query.substr(at)) <= 0) return ParseError::target_percent_encoding;
    at += 2;
  }
  return ParseError::none;
}

ParseError parse_path_and_query(std::string_view text, Target& out) {
  const std::size_t question = text.find('?');
  out.path = text.substr(0, question);
  if (question != std::string_view::npos) {
    out.has_query = true;
    out.query = text.substr(question + 1);
  }
  if (out.path.empty()) out.path = "/";  // absolute form only; RFC 9112 section 3.2.1
  const ParseError error = judge_path(out.path);
  return error != ParseError::none ? error : judge_query(out.query);
}

ParseError parse_absolute(Method method, std::string_view text, Target& out) {
  const std::size_t colon = text.find(':');
  const std::string_view scheme = text.substr(0, colon);
  if (colon == std::string_view::npos || text.substr(colon, 3) != "://" ||
      (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https"))) {
    return ParseError::target_form;
  }
  out.form = TargetForm::absolute;
  const std::string_view rest = text.substr(colon + 3);
  const std::size_t authority_end = rest.find_first_of("/?#");
  out.authority = rest.substr(0, authority_end);
  if (!is_host_and_port(out.authority)) return ParseError::target_authority;
  if (authority_end == std::string_view::npos && method == Method::options) {
    out.path = "*";  // RFC 9112 section 3.2.4
    return ParseError::none;
  }
  return parse_path_and_query(rest.substr(out.authority.size()), out);
}

bool is_port(std::string_view text) {
  constexpr std::size_t kDigitsMax = 5;
  if (text.empty() || text.size() > kDigitsMax) return false;
  unsigned port = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port >= 1 && port <= 65535;
}

// Without the brackets.
bool is_ipv6_address(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size()) return false;
  text.copy(terminated.data(), text.size());
  in6_addr address;
  return text.find('\0') == std::string_view::npos &&
         ::inet_pton(AF_INET6, terminated.data(), &address) == 1;
}

bool is_registered_name(std::string_view name) {
  constexpr std::size_t kNameBytesMax = 255;
  return !name.empty() && name.size() <= kNameBytesMax && name.front() != '.' &&
         name.find("..") == std::string_view::npos && all_are(CharClass::host, name);
}

}  // namespace

ParseError parse_target(Method method, std::string_view text, Target& out) {
  out = Target{};
  out.text = text;
  if (method == Method::connect) return ParseError::method_not_allowed;
  if (text.starts_with('/')) return parse_path_and_query(text, out);
  if (text == "*") {
    out.form = TargetForm::asterisk;
    out.path = text;
    return method == Method::options ? ParseError::none : ParseError::target_form;
  }
  return parse_absolute(method, text, out);
}

bool is_host_and_port(std::string_view text) {
  std::size_t host_end = text.find(':');
  bool host_valid = false;
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return false;
    host_valid = is_ipv6_address(text.substr(1, bracket - 1));
    host_end = bracket + 1;
  } else {
    host_valid = is_registered_name(text.substr(0, host_end));
  }
  if (!host_valid) return false;
  if (host_end >= text.size()) return true;
  return text[host_end] == ':' && is_port(text.substr(host_end + 1));
}

}  // namespace headrace::net::http
