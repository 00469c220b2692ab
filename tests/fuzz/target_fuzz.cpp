// Request targets and queries: the verdict must be the reference parser's; an accepted path must
// read the same to the most lenient server.
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

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace::fuzz;
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_target(Method::post, "POST", text);
  check_target(Method::options, "OPTIONS", text);
  check_target(Method::connect, "CONNECT", text);
  return 0;
}
