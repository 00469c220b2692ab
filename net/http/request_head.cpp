#include "net/http/request_head.h"

#include "net/http/head_fields.h"
#include "net/http/text.h"

namespace headrace::net::http {

namespace {

// "POST /v1/x HTTP/1.1": exactly two spaces.
ParseError parse_request_line(std::string_view line, RequestHead& head) {
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos) return ParseError::request_line;
  const std::size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos || second == first + 1) return ParseError::request_line;
  head.method_text = line.substr(0, first);
  if (!is_token(head.method_text)) return ParseError::method;
  if (const ParseError error = parse_version(line.substr(second + 1), head.version);
      error != ParseError::none) {
    return error;
  }
  head.method = method_of(head.method_text);
  // TRACE would have the upstream send our own credential back.
  if (head.method == Method::trace) return ParseError::method_not_allowed;
  return parse_target(head.method, line.substr(first + 1, second - first - 1), head.target);
}

ParseError judge_host(RequestHead& head) {
  const Field* const host = head.fields.find(FieldId::host);
  if (host == nullptr && head.version == Version::http_1_1) return ParseError::host_missing;
  if (host != nullptr && !is_host_and_port(host->value)) return ParseError::host_invalid;
  head.host = host == nullptr ? head.target.authority : host->value;
  const bool two_hosts = host != nullptr && head.target.form == TargetForm::absolute;
  if (two_hosts && !equals_ignoring_case(host->value, head.target.authority)) {
    return ParseError::target_host_mismatch;
  }
  return ParseError::none;
}

ParseError judge_expectation(RequestHead& head) {
  if (!head.fields.has(FieldId::expect) || head.version == Version::http_1_0) {
    return ParseError::none;  // RFC 9110 section 10.1.1: ignored in HTTP/1.0
  }
  if (!equals_ignoring_case(head.fields.value(FieldId::expect), "100-continue")) {
    return ParseError::expectation;
  }
  head.expect_continue = head.framing == BodyFraming::chunked ||
                         (head.framing == BodyFraming::length && head.content_length > 0);
  return ParseError::none;
}

ParseError parse_lines(std::string_view lines, RequestHead& head) {
  const std::size_t line_end = lines.find('\r');
  ParseError error = parse_request_line(lines.substr(0, line_end), head);
  if (error != ParseError::none) return error;
  error = parse_field_lines(lines.substr(line_end + 2), HeadKind::request, head.fields);
  if (error != ParseError::none) return error;
  ConnectionOptions connection;
  error = read_connection(head.fields, connection);
  if (error != ParseError::none) return error;
  head.keep_alive = connection.persistent(head.version);
  head.wants_upgrade = connection.upgrade && head.fields.has(FieldId::upgrade);
  error = judge_host(head);
  if (error != ParseError::none) return error;
  error = judge_framing(head.fields, head.version, head.framing, head.content_length);
  if (error != ParseError::none) return error;
  return judge_expectation(head);
}

void clear(RequestHead& head) {
  head.method = Method::other;
  head.version = Version::http_1_1;
  head.framing = BodyFraming::none;
  head.keep_alive = false;
  head.expect_continue = false;
  head.wants_upgrade = false;
  head.content_length = 0;
  head.method_text = {};
  head.target = {};
  head.host = {};
  head.fields.clear();
}

}  // namespace

HeadResult parse_request_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head,
                              HeadScan& scan) {
  const HeadResult scanned = scan_head(bytes, HeadKind::request, limits, scan);
  if (scanned.status == HeadStatus::incomplete) return scanned;
  clear(head);
  if (scanned.status == HeadStatus::bad) return scanned;
  std::string_view lines = bytes.substr(0, scanned.consumed - 2);  // without the empty line
  if (lines.starts_with("\r\n")) lines.remove_prefix(2);
  if (const ParseError error = parse_lines(lines, head); error != ParseError::none) {
    return {HeadStatus::bad, error, 0};
  }
  return scanned;
}

}  // namespace headrace::net::http
