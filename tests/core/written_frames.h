// Frames that were written into a record ring, and what its consumer must make of them however the
// ring was overwritten since: every frame that is whole is handed out, once and in its order,
// nothing else is, and what was passed in between is said to be a gap.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "core/record_ring.h"

namespace headrace::core {

class WrittenFrames {
 public:
  // Of a ring that has begun.
  WrittenFrames(std::span<std::byte> area, std::size_t record_bytes_max)
      : area_(area), record_bytes_max_(record_bytes_max), producer_(area, record_bytes_max) {}

  struct Frame {
    std::uint64_t place = 0;  // of its end
    std::uint32_t kind = 0;
    std::vector<std::byte> bytes;  // as they stood in the ring, without padding

    [[nodiscard]] std::span<const std::byte> payload() const {
      return std::span(bytes).subspan(kHead);
    }
    [[nodiscard]] std::uint64_t begin() const {
      return place - record_ring_footprint(payload().size());
    }
  };

  // False: there is no room.
  bool write(std::uint32_t kind, std::span<const std::byte> payload) {
    if (!producer_.push(kind, payload)) return false;
    Frame frame{.place = producer_.written(), .kind = kind, .bytes = {}};
    const std::byte* at = at_place(frame.place - record_ring_footprint(payload.size()));
    frame.bytes.assign(at, at + kHead + payload.size());
    frames_.push_back(std::move(frame));
    return true;
  }
  // Those are read and acknowledged: the ring is empty, and goes on where it is.
  void drain() {
    RecordRingConsumer out(area_, record_bytes_max_);
    while (out.next()) {
    }
    out.acknowledge();
    frames_.clear();
  }
  [[nodiscard]] const std::vector<Frame>& frames() const { return frames_; }
  [[nodiscard]] std::uint64_t written() const { return producer_.written(); }
  [[nodiscard]] std::byte* at_place(std::uint64_t position) const {
    return area_.data() + sizeof(SpscIndices) + (position & (producer_.capacity() - 1));
  }

  // What is wrong with what is read now, in words; empty: nothing is.
  [[nodiscard]] std::string complaint() const {
    RecordRingConsumer out(area_, record_bytes_max_);
    std::uint64_t place = out.cursor();
    auto expected = frames_.begin();
    for (;;) {
      const auto record = out.next();
      if (out.gap()) {
        if (out.gap()->begin != place) return "a gap begins elsewhere than what was before it ends";
        place = out.gap()->end;
      }
      if (!record && out.amid_damage()) continue;
      while (expected != frames_.end() && (!record || expected->place != record->position)) {
        if (is_whole(*expected)) return "a whole frame is lost";
        ++expected;
      }
      if (!record) break;
      if (expected == frames_.end()) return "a frame is made up";
      if (record->kind != expected->kind ||
          !std::ranges::equal(record->payload, expected->payload()) || place != expected->begin()) {
        return "a frame is not what was written";
      }
      place = expected->place;
      ++expected;
    }
    if (out.corrupt()) return "the ring is corrupt";
    return place == written() ? "" : "it is not read to its end";
  }

 private:
  static constexpr std::size_t kHead = record_ring_footprint(0);

  [[nodiscard]] bool is_whole(const Frame& frame) const {
    return std::memcmp(at_place(frame.begin()), frame.bytes.data(), frame.bytes.size()) == 0;
  }

  std::span<std::byte> area_;
  std::size_t record_bytes_max_;
  RecordRingProducer producer_;
  std::vector<Frame> frames_;
};

}  // namespace headrace::core
