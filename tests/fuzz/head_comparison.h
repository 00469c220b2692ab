// What the fuzz targets for request and answer heads have in common: the limits under which they
// parse, ways of feeding, and the comparison with the reference parser.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "net/http/field_table.h"
#include "net/http/framing.h"
#include "net/http/head_limits.h"
#include "net/http/head_scan.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/reference_http.h"

namespace headrace::fuzz {

// Usual limits, and ones so tight that inputs of a fuzzer's size meet them.
inline constexpr std::array<net::http::HeadLimits, 2> kLimits = {
    {{.head_bytes_max = 32768, .line_bytes_max = 8192, .fields_max = 100},
     {.head_bytes_max = 200, .line_bytes_max = 60, .fields_max = 4}}};

inline ReferenceLimits reference_limits(const net::http::HeadLimits& limits) {
  return {limits.head_bytes_max, limits.line_bytes_max, limits.fields_max};
}

inline void check_outcome(const net::http::HeadResult& result, const ReferenceHead& expected) {
  using net::http::HeadStatus;
  FUZZ_CHECK((result.status == HeadStatus::complete) == (expected.outcome == Outcome::complete));
  FUZZ_CHECK((result.status == HeadStatus::bad) == (expected.outcome == Outcome::bad));
  FUZZ_CHECK((result.status == HeadStatus::bad) == (result.error != net::http::ParseError::none));
}

inline void check_fields(const net::http::FieldTable& fields, const ReferenceHead& expected) {
  FUZZ_CHECK(fields.size() == expected.fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const net::http::Field& field = fields.all()[i];
    FUZZ_CHECK(field.name == expected.fields[i].name);
    FUZZ_CHECK(field.value == expected.fields[i].value);
    FUZZ_CHECK(field.named_by_connection == expected.fields[i].named_by_connection);
  }
}

inline std::string_view name_of(net::http::BodyFraming framing) {
  constexpr std::array<std::string_view, 4> kNames = {"none", "length", "chunked", "close"};
  return kNames[static_cast<std::size_t>(framing)];
}

// parse(bytes, scan) fed in growing prefixes must come to the verdict that it gives on the whole.
template <class Parse>
void check_growing_prefixes(std::string_view bytes, std::size_t step,
                            const net::http::HeadResult& whole, Parse&& parse) {
  net::http::HeadScan scan;
  net::http::HeadResult result;
  for (std::size_t size = step; result.status == net::http::HeadStatus::incomplete; size += step) {
    const std::string_view prefix = bytes.substr(0, size);
    // Memory of exactly this size: reading beyond is seen.
    const auto exact = std::make_unique<char[]>(prefix.size());
    prefix.copy(exact.get(), prefix.size());
    result = parse(std::string_view(exact.get(), prefix.size()), scan);
    if (prefix.size() == bytes.size()) break;
  }
  FUZZ_CHECK(result.status == whole.status);
  FUZZ_CHECK(result.error == whole.error);
  FUZZ_CHECK(result.consumed == whole.consumed);
}

}  // namespace headrace::fuzz
