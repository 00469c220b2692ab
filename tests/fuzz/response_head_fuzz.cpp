// Answer heads: the verdict and all that was read must be the reference parser's, however the
// bytes arrive and whatever the request was.
#include <cstdint>

#include "net/http/response_head.h"
#include "tests/fuzz/head_comparison.h"

namespace headrace::fuzz {
namespace {

using namespace net::http;

void check_head(const ResponseHead& head, const ReferenceHead& expected) {
  FUZZ_CHECK(head.status == expected.status);
  FUZZ_CHECK(head.reason == expected.reason);
  FUZZ_CHECK((head.version == Version::http_1_1) == (expected.minor_version == 1));
  FUZZ_CHECK(name_of(head.framing) == expected.framing);
  FUZZ_CHECK(head.content_length == expected.content_length);
  FUZZ_CHECK(head.keep_alive == expected.keep_alive);
  check_fields(head.fields, expected);
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace::fuzz;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static ResponseHead head;  // reused, as on a shard
  for (const HeadLimits& limits : kLimits) {
    for (const Method method : {Method::post, Method::head}) {
      const ReferenceHead expected =
          reference_response(bytes, reference_limits(limits), method == Method::head);
      HeadScan scan;
      const HeadResult result = parse_response_head(bytes, limits, method, head, scan);
      check_outcome(result, expected);
      if (result.status == HeadStatus::complete) {
        FUZZ_CHECK(result.consumed == expected.consumed);
        check_head(head, expected);
      }
      const auto parse = [&](std::string_view prefix, HeadScan& prefix_scan) {
        return parse_response_head(prefix, limits, method, head, prefix_scan);
      };
      check_growing_prefixes(bytes, 1, result, parse);
      check_growing_prefixes(bytes, 1 + size / 3, result, parse);
    }
  }
  return 0;
}
