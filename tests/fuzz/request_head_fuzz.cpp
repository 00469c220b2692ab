// Request heads: the verdict and all that was read must be the reference parser's, however the
// bytes arrive; and what we forward must be read by a parser as what we read.
#include <cstdint>
#include <vector>

#include "net/http/forwarding.h"
#include "net/http/head_writer.h"
#include "net/http/request_head.h"
#include "tests/fuzz/head_comparison.h"

namespace headrace::fuzz {
namespace {

using namespace net::http;

void check_head(const RequestHead& head, const ReferenceHead& expected) {
  FUZZ_CHECK(head.method_text == expected.method);
  FUZZ_CHECK(head.path() == expected.target.path);
  FUZZ_CHECK(head.query() == expected.target.query);
  FUZZ_CHECK(head.target.authority == expected.target.authority);
  FUZZ_CHECK(head.host == expected.host);
  FUZZ_CHECK((head.version == Version::http_1_1) == (expected.minor_version == 1));
  FUZZ_CHECK(name_of(head.framing) == expected.framing);
  FUZZ_CHECK(head.content_length == expected.content_length);
  FUZZ_CHECK(head.keep_alive == expected.keep_alive);
  FUZZ_CHECK(head.expect_continue == expected.expect_continue);
  check_fields(head.fields, expected);
}

// Writes the head as the exchange would, and reads it again as a server behind us would.
void check_forwarding(const RequestHead& head) {
  std::vector<char> memory(kHeadBytesMax);
  HeadWriter writer{std::span<char>(memory)};
  writer.request_line(head.method_text, head.path(), head.query());
  std::size_t forwarded = 0;
  for (const Field& field : head.fields) {
    if (!forwards(field, kRequestFieldsWithheld)) continue;
    writer.forward(field);
    ++forwarded;
  }
  writer.field(FieldId::host, "upstream.example");
  writer.field(FieldId::authorization, "Bearer ours");
  if (head.framing == BodyFraming::length)
    writer.field(FieldId::content_length, head.content_length);
  if (head.framing == BodyFraming::chunked) writer.field(FieldId::transfer_encoding, "chunked");
  writer.end();
  FUZZ_CHECK(writer.ok());

  const ReferenceHead read = reference_request(writer.text(), {.head_bytes_max = kHeadBytesMax,
                                                               .line_bytes_max = kHeadBytesMax,
                                                               .fields_max = kFieldsMax + 4});
  FUZZ_CHECK(read.outcome == Outcome::complete);
  FUZZ_CHECK(read.consumed == writer.size());
  FUZZ_CHECK(read.method == head.method_text);
  FUZZ_CHECK(read.target.path == head.path());
  FUZZ_CHECK(read.target.query == head.query());
  FUZZ_CHECK(read.framing == name_of(head.framing));
  FUZZ_CHECK(read.content_length == head.content_length);
  FUZZ_CHECK(read.host == "upstream.example");
  const bool framed = head.framing != BodyFraming::none;
  FUZZ_CHECK(read.fields.size() == forwarded + 2 + (framed ? 1 : 0));
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace::fuzz;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static RequestHead head;  // reused, as on a shard
  for (const HeadLimits& limits : kLimits) {
    const ReferenceHead expected = reference_request(bytes, reference_limits(limits));
    HeadScan scan;
    const HeadResult result = parse_request_head(bytes, limits, head, scan);
    check_outcome(result, expected);
    if (result.status == HeadStatus::complete) {
      FUZZ_CHECK(result.consumed == expected.consumed);
      check_head(head, expected);
      if (head.target.form != TargetForm::asterisk) check_forwarding(head);
    }
    const auto parse = [&limits](std::string_view prefix, HeadScan& prefix_scan) {
      return parse_request_head(prefix, limits, head, prefix_scan);
    };
    check_growing_prefixes(bytes, 1, result, parse);
    check_growing_prefixes(bytes, 1 + size / 3, result, parse);
  }
  return 0;
}
