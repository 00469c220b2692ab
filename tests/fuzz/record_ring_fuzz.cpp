// Record rings in overwritten memory: whatever was written into one, and wherever it was
// overwritten afterwards, every frame that is whole is handed out, once and in order, and nothing
// else is. Where the indices were overwritten, nothing is followed out of bounds, and reading has
// an end.
//
//   input: operations, each a byte and what follows it
//     0..3  a frame: length, a byte to fill it with; 3: with what follows in the input
//     4     all is read and acknowledged; the first three times only
//     5     (kept for the end) what is overwritten with the rest of the input: place, length
//     6     the same, of the indices
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "core/hash.h"
#include "core/record_ring.h"
#include "tests/core/written_frames.h"
#include "tests/fuzz/fuzz_check.h"

namespace {

using namespace headrace::core;

constexpr std::size_t kCapacity = 4096;
constexpr std::size_t kRecordBytesMax = 400;

struct Memory {
  alignas(kCacheLineBytes) std::array<std::byte, record_ring_area_bytes(kCapacity)> bytes{};
};

class Input {
 public:
  explicit Input(std::span<const std::byte> left) : left_(left) {}

  [[nodiscard]] bool empty() const { return left_.empty(); }
  std::size_t number() {
    const auto bytes = take(1);
    return bytes.empty() ? 0 : std::to_integer<std::size_t>(bytes[0]);
  }
  std::span<const std::byte> take(std::size_t count) {
    const auto taken = left_.first(std::min(count, left_.size()));
    left_ = left_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const std::byte> left_;
};

void write_frame(WrittenFrames& frames, Input& input, std::size_t operation) {
  const std::size_t bytes = input.number() * kRecordBytesMax / 255;
  std::vector<std::byte> payload(bytes, static_cast<std::byte>(input.number()));
  if (operation == 3) std::ranges::copy(input.take(bytes), payload.begin());
  (void)frames.write(1 + static_cast<std::uint32_t>(operation % 2), payload);
}

void overwrite(std::span<std::byte> memory, Input& input) {
  const std::size_t place = (input.number() * 256 + input.number()) % memory.size();
  const auto bytes = input.take(input.number());
  std::ranges::copy(bytes.first(std::min(bytes.size(), memory.size() - place)),
                    memory.begin() + static_cast<std::ptrdiff_t>(place));
}

// Bounded, whatever the indices say.
void read_what_may_be(std::span<std::byte> area) {
  RecordRingConsumer out(area, kRecordBytesMax);
  std::size_t records = 0;
  while (out.next() || out.amid_damage())
    FUZZ_CHECK(++records <= kCapacity / 8);
  out.acknowledge();
  RecordRingProducer in(area, kRecordBytesMax);
  if (in.hold()) FUZZ_CHECK(in.write_held(1, {}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  Memory memory;
  const std::span<std::byte> area = memory.bytes;
  // Another one for each input: no input can have been made for it.
  begin_record_ring(area, hash64(bytes));
  WrittenFrames frames(area, kRecordBytesMax);
  Input input(bytes);
  int drained = 0;
  while (!input.empty()) {
    const std::size_t operation = input.number() % 7;
    if (operation <= 3) {
      write_frame(frames, input, operation);
    } else if (operation == 4) {
      if (++drained <= 3) frames.drain();
    } else if (operation == 5) {
      while (!input.empty())
        overwrite(area.subspan(sizeof(SpscIndices)), input);
    } else {
      while (!input.empty())
        overwrite(area, input);
      read_what_may_be(area);
      return 0;
    }
  }
  FUZZ_CHECK(frames.complaint().empty());
  return 0;
}
