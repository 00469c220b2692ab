// Request targets and queries: the verdict must be the reference parser's; an accepted path must
// read the same to the most lenient server; no secret survives scrubbing.
#include <array>
#include <cstdint>
#include <string>

#include "net/http/query.h"
#include "net/http/target.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/reference_http.h"

namespace headrace::fuzz {
namespace {

using namespace net::http;

void check_target(Method method, const std::string& method_text, const std::string& text) {
  const ReferenceTarget expected = reference_target(method_text, text);
  Target target;
  const ParseError error = parse_target(method, text, target);
  FUZZ_CHECK((error == ParseError::none) == expected.valid);
  if (!expected.valid) return;
  FUZZ_CHECK(target.authority == expected.authority);
  FUZZ_CHECK(target.path == expected.path);
  FUZZ_CHECK(target.query == expected.query);
  if (target.path == "*") return;

  std::string decoded(target.path.size(), '\0');
  const auto path = percent_decode(target.path, decoded);
  FUZZ_CHECK(path.has_value());
  FUZZ_CHECK(most_lenient_reading(std::string(target.path)) == *path);
}

void check_query(const std::string& query) {
  std::string room(query.size() + 64, '\0');
  const std::string without(query_without(query, "key", room));
  FUZZ_CHECK(without.size() <= query.size());
  FUZZ_CHECK(!find_parameter(without, "key").has_value());

  const std::string marked = query + "&key=CANARY&%6beY=CANARY;a=CANARY";
  std::string log(marked.size() * 4 + 64, '\0');
  FUZZ_CHECK(scrub_secrets(marked, log).find("CANARY") == std::string_view::npos ||
             query.find("CANARY") != std::string::npos);
  std::array<char, 16> little;
  FUZZ_CHECK(scrub_secrets(marked, log).substr(0, little.size()) == scrub_secrets(marked, little));
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace::fuzz;
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_target(Method::post, "POST", text);
  check_target(Method::options, "OPTIONS", text);
  check_target(Method::connect, "CONNECT", text);
  check_query(text);
  return 0;
}
