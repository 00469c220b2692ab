// Chunked bodies: body bytes, verdict and end must be the reference decoder's, however the input is
// cut.
#include <cstdint>
#include <string>

#include "net/http/chunked_decoder.h"
#include "net/http/text.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/reference_http.h"

namespace headrace::fuzz {
namespace {

using namespace net::http;

// Feeds pieces of `piece` bytes.
ReferenceBody decode(std::string_view bytes, std::size_t piece) {
  ReferenceBody result;
  ChunkedDecoder decoder;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::string exact(bytes.substr(at, piece));
    std::span<const std::byte> rest = as_bytes(exact);
    while (!rest.empty()) {
      const ChunkStep step = decoder.next(rest);
      FUZZ_CHECK(step.consumed <= rest.size());
      FUZZ_CHECK(step.data.empty() == (step.status != ChunkStatus::data));
      FUZZ_CHECK((step.status == ChunkStatus::bad) == (step.error != ParseError::none));
      FUZZ_CHECK(step.status != ChunkStatus::need_more || step.consumed == rest.size());
      result.body += as_text(step.data);
      at += step.consumed;
      rest = rest.subspan(step.consumed);
      if (step.status == ChunkStatus::bad) {
        result.outcome = Outcome::bad;
        return result;
      }
      if (step.status == ChunkStatus::done) {
        result.outcome = Outcome::complete;
        result.consumed = at;
        return result;
      }
    }
  }
  return result;
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace::fuzz;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ReferenceBody expected = reference_chunked(bytes);
  for (const std::size_t piece : {size + 1, std::size_t{1}, 1 + size / 2, 1 + size / 7}) {
    const ReferenceBody decoded = decode(bytes, piece);
    FUZZ_CHECK(decoded.outcome == expected.outcome);
    FUZZ_CHECK(decoded.body == expected.body);
    FUZZ_CHECK(decoded.consumed == expected.consumed);
  }
  return 0;
}
