// Reads a segment of the journal (segment_layout.h) from memory, frame by frame, as far as it
// holds.
//
// Threads: a value over bytes that stay. Reads bytes from disk: nothing in them is trusted.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/record/segment_layout.h"
#include "policy/record/segment_writing.h"

namespace headrace::policy {

class SegmentReader {
 public:
  struct Frame {
    FrameKind kind = FrameKind::end;
    std::uint64_t position = 0;
    std::span<const std::byte> payload;
  };

  // `bytes`: the segment from its beginning, perhaps not to its end. The error is for an operator.
  static std::expected<SegmentReader, std::string> open(std::span<const std::byte> bytes);
  // Of a whole file that does not open: its writer died before its head was on the disk, so that
  // nothing else can be.
  static bool ends_within_head(std::span<const std::byte> bytes);

  // Goes on where an earlier look at the same segment ended: `bytes` begin at that offset.
  void go_on(std::span<const std::byte> bytes) {
    before_ += offset_;
    offset_ = 0;
    bytes_ = bytes;
  }

  [[nodiscard]] const SegmentIdentity& identity() const { return identity_; }
  [[nodiscard]] std::string_view node() const { return node_; }
  [[nodiscard]] std::int64_t created_unix_nanos() const { return created_unix_nanos_; }

  // The next frame; nothing at the end of what holds.
  [[nodiscard]] std::optional<Frame> next();
  // What holds so far: where a frame that is still being written begins.
  [[nodiscard]] std::uint64_t offset() const { return before_ + offset_; }
  // Bytes behind it that are no frames, or not yet.
  [[nodiscard]] std::uint64_t tail_bytes() const { return bytes_.size() - offset_; }
  // Its writer has closed it: the last frame was `end`.
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  std::span<const std::byte> bytes_;
  SegmentIdentity identity_;
  std::string node_;
  std::int64_t created_unix_nanos_ = 0;
  std::uint64_t before_ = 0;  // of the segment, before bytes_
  std::uint64_t offset_ = 0;  // in bytes_
  bool closed_ = false;
};

}  // namespace headrace::policy
