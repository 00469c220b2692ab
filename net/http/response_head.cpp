#include "net/http/response_head.h"

#include "net/http/head_fields.h"
#include "net/http/text.h"

namespace headrace::net::http {

namespace {

constexpr std::string_view kPrefix = "HTTP/";

// "HTTP/1.1 200 OK". Servers leave the space behind the code out when the reason is empty: nothing
// can be misread in that.
ParseError parse_status_line(std::string_view line, ResponseHead& head) {
  constexpr std::size_t kVersionBytes = 8;
  constexpr std::size_t kCodeEnd = kVersionBytes + 1 + 3;
  if (const ParseError error = parse_version(line.substr(0, kVersionBytes), head.version);
      error != ParseError::none) {
    return error;
  }
  if (line.size() < kCodeEnd || line[kVersionBytes] != ' ') return ParseError::status_line;
  unsigned status = 0;
  for (const char c : line.substr(kVersionBytes + 1, 3)) {
    if (!is_digit(c)) return ParseError::status_code;
    status = status * 10 + static_cast<unsigned>(c - '0');
  }
  if (line.size() > kCodeEnd && line[kCodeEnd] != ' ') return ParseError::status_line;
  if (status < 100 || status > 599) return ParseError::status_code;
  if (status == 101) return ParseError::switching_protocols;
  head.status = static_cast<std::uint16_t>(status);
  if (line.size() > kCodeEnd) head.reason = line.substr(kCodeEnd + 1);
  return ParseError::none;
}

// RFC 9112 section 6.3. `framing` comes in as the fields say, or until_close where they say
// nothing.
ParseError judge_body(Method request_method, ResponseHead& head) {
  head.framing = BodyFraming::until_close;
  const ParseError error =
      judge_framing(head.fields, head.version, head.framing, head.content_length);
  if (error != ParseError::none) return error;
  head.has_content_length = head.framing == BodyFraming::length;
  const bool no_content = head.interim() || head.status == 204;
  if (no_content && head.framing == BodyFraming::chunked) {
    return ParseError::transfer_encoding_forbidden;
  }
  // "Content-Length: 0" is forbidden too, but common, and says what is so.
  if (no_content && head.content_length > 0) return ParseError::content_length_forbidden;
  if (no_content || head.status == 304 || request_method == Method::head) {
    head.framing = BodyFraming::none;
  }
  return ParseError::none;
}

ParseError parse_lines(std::string_view lines, Method request_method, ResponseHead& head) {
  const std::size_t line_end = lines.find('\r');
  ParseError error = parse_status_line(lines.substr(0, line_end), head);
  if (error != ParseError::none) return error;
  error = parse_field_lines(lines.substr(line_end + 2), HeadKind::response, head.fields);
  if (error != ParseError::none) return error;
  ConnectionOptions connection;
  error = read_connection(head.fields, connection);
  if (error != ParseError::none) return error;
  error = judge_body(request_method, head);
  if (error != ParseError::none) return error;
  head.keep_alive = connection.persistent(head.version) && head.framing != BodyFraming::until_close;
  return ParseError::none;
}

void clear(ResponseHead& head) {
  head.status = 0;
  head.version = Version::http_1_1;
  head.framing = BodyFraming::none;
  head.keep_alive = false;
  head.has_content_length = false;
  head.content_length = 0;
  head.reason = {};
  head.fields.clear();
}

}  // namespace

HeadResult parse_response_head(std::string_view bytes, const HeadLimits& limits,
                               Method request_method, ResponseHead& head, HeadScan& scan) {
  // HTTP/0.9 has no head, and may never have an end of line.
  const std::size_t known = bytes.size() < kPrefix.size() ? bytes.size() : kPrefix.size();
  if (bytes.substr(0, known) != kPrefix.substr(0, known)) {
    clear(head);
    return {HeadStatus::bad, ParseError::status_line, 0};
  }
  const HeadResult scanned = scan_head(bytes, HeadKind::response, limits, scan);
  if (scanned.status == HeadStatus::incomplete) return scanned;
  clear(head);
  if (scanned.status == HeadStatus::bad) return scanned;
  const std::string_view lines = bytes.substr(0, scanned.consumed - 2);
  if (const ParseError error = parse_lines(lines, request_method, head);
      error != ParseError::none) {
    return {HeadStatus::bad, error, 0};
  }
  return scanned;
}

}  // namespace headrace::net::http
