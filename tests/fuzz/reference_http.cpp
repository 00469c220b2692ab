#include "tests/fuzz/reference_http.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>

#include "tests/fuzz/reference_text.h"

namespace headrace::fuzz {

namespace {

using Lines = std::vector<std::string>;

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

}  // namespace

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

}  // namespace headrace::fuzz
