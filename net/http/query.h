// Query strings: reading parameters, leaving some out, and hiding secrets from logs.
// Names are compared decoded ("%6bey" is "key"), since the server behind us decodes them too.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace headrace::net::http {

struct QueryParameter {
  std::string_view name;   // as received, still encoded
  std::string_view value;  // as received, still encoded; empty where there is no "="
  std::string_view text;   // name, "=" and value
};

// Goes through "a=1&b=2" from left to right.
class QueryParameters {
 public:
  explicit QueryParameters(std::string_view query) : rest_(query) {}
  // The next non-empty parameter; nothing at the end.
  std::optional<QueryParameter> next();

 private:
  std::string_view rest_;
};

// Whether an encoded name says the same as a plain one, without regard to case.
bool names_parameter(std::string_view encoded_name, std::string_view plain_name);

// The encoded value of the first parameter of this name.
std::optional<std::string_view> find_parameter(std::string_view query, std::string_view name);

// Decodes "%41" to "A" (and leaves "+" as it is) into `out`; nothing where the encoding is broken
// or `out` is too small.
std::optional<std::string_view> percent_decode(std::string_view text, std::span<char> out);

}  // namespace headrace::net::http
