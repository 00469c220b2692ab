// The bytes of a segment (segment_layout.h), put together in memory.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "policy/record/segment_layout.h"

namespace headrace::policy {

// Who writes a segment, and which.
struct SegmentIdentity {
  std::uint64_t number = 0;
  std::uint64_t region = 0;
  std::uint32_t epoch = 0;
};

void append_segment_head(std::vector<std::byte>& out, const SegmentIdentity& identity,
                         std::string_view node, std::int64_t created_unix_nanos);

// `segment_bytes`: what the segment has before `out`. The payload is at most kFrameBytesMax long.
void append_frame(std::vector<std::byte>& out, std::uint64_t segment_number,
                  std::uint64_t segment_bytes, FrameKind kind, std::uint64_t position,
                  std::span<const std::byte> payload);

// What a frame's checksum must be.
[[nodiscard]] std::uint32_t frame_checksum(std::uint64_t segment_number, std::uint64_t offset,
                                           const FrameHead& head,
                                           std::span<const std::byte> payload);
[[nodiscard]] std::uint32_t segment_head_checksum(std::span<const std::byte> head);

}  // namespace headrace::policy
