// A second HTTP/1.1 parser, to compare the fast one with: written from the text of RFC 9112, 9110
// and 3986 plus the gateway's own stricter rules, without looking at speed and sharing no code with
// net/http. It copies everything into strings and tests one rule after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::fuzz {

enum class Outcome { complete, incomplete, bad };

struct ReferenceLimits {
  std::size_t head_bytes_max = 0;
  std::size_t line_bytes_max = 0;
  std::size_t fields_max = 0;
};

struct ReferenceField {
  std::string name;
  std::string value;
  bool named_by_connection = false;
};

struct ReferenceTarget {
  bool valid = false;
  std::string form;  // "origin", "absolute", "asterisk"
  std::string authority;
  std::string path;
  std::string query;
};

struct ReferenceHead {
  Outcome outcome = Outcome::incomplete;
  std::size_t consumed = 0;
  int minor_version = 1;
  std::string method;
  ReferenceTarget target;
  std::string host;
  int status = 0;
  std::string reason;
  std::string framing;  // "none", "length", "chunked", "close"
  std::uint64_t content_length = 0;
  bool keep_alive = false;
  bool expect_continue = false;
  std::vector<ReferenceField> fields;
};

struct ReferenceBody {
  Outcome outcome = Outcome::incomplete;
  std::size_t consumed = 0;  // when complete
  std::string body;
};

ReferenceTarget reference_target(const std::string& method, const std::string& text);
ReferenceHead reference_request(std::string_view bytes, const ReferenceLimits& limits);
ReferenceHead reference_response(std::string_view bytes, const ReferenceLimits& limits,
                                 bool answers_head);
ReferenceBody reference_chunked(std::string_view bytes);

// What a lenient server might make of a path: decoded until nothing changes, "\" taken for "/",
// parameters behind ";" dropped, empty and dot segments resolved.
std::string most_lenient_reading(std::string path);

}  // namespace headrace::fuzz
