// Segments of the journal: whatever the bytes are, what is read of them is a prefix of frames that
// the writer would have written the same way, and reading stops there for good.
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "policy/record/refusal_counts.h"
#include "policy/record/segment_reader.h"
#include "policy/record/segment_writing.h"
#include "tests/fuzz/fuzz_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace::policy;
  const auto input = std::as_bytes(std::span(data, size));
  auto reader = SegmentReader::open(input);
  if (!reader) return 0;
  std::vector<std::byte> again;
  append_segment_head(again, reader->identity(), reader->node(), reader->created_unix_nanos());
  while (const auto frame = reader->next()) {
    append_frame(again, reader->identity().number, 0, frame->kind, frame->position, frame->payload);
    if (frame->kind != FrameKind::refusals) continue;
    RefusalMinute minute;
    (void)decode_refusals(frame->payload, minute);
  }
  FUZZ_CHECK(reader->offset() + reader->tail_bytes() == size);
  FUZZ_CHECK(again.size() == reader->offset());
  FUZZ_CHECK(std::ranges::equal(again, input.first(again.size())));
  FUZZ_CHECK(!reader->next());
  return 0;
}
