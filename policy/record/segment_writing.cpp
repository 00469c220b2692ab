#include "policy/record/segment_writing.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/crc32c.h"

namespace headrace::policy {

namespace {

constexpr std::size_t kAlignment = 8;

void append(std::vector<std::byte>& out, const void* bytes, std::size_t count) {
  const auto* first = static_cast<const std::byte*>(bytes);
  out.insert(out.end(), first, first + count);
}

void pad(std::vector<std::byte>& out, std::size_t written) {
  out.resize(out.size() + (kAlignment - written % kAlignment) % kAlignment);
}

// What the checksum covers beside the payload.
struct CheckedPart {
  std::uint64_t segment_number;
  std::uint64_t offset;
  std::uint64_t position;
  std::uint32_t bytes;
  std::uint32_t kind;
};

}  // namespace

std::uint32_t frame_checksum(std::uint64_t segment_number, std::uint64_t offset,
                             const FrameHead& head, std::span<const std::byte> payload) {
  const CheckedPart part{.segment_number = segment_number,
                         .offset = offset,
                         .position = head.position,
                         .bytes = head.bytes,
                         .kind = head.kind};
  std::array<std::byte, sizeof part> bytes;
  std::memcpy(bytes.data(), &part, sizeof part);
  return core::crc32c(payload, core::crc32c(bytes));
}

std::uint32_t segment_head_checksum(std::span<const std::byte> head) {
  constexpr std::size_t kCrcAt = offsetof(SegmentHead, crc);
  constexpr std::array<std::byte, sizeof(SegmentHead::crc)> kZero{};
  std::uint32_t crc = core::crc32c(head.first(kCrcAt));
  crc = core::crc32c(kZero, crc);
  return core::crc32c(head.subspan(kCrcAt + kZero.size()), crc);
}

void append_segment_head(std::vector<std::byte>& out, const SegmentIdentity& identity,
                         std::string_view node, std::int64_t created_unix_nanos) {
  node = node.substr(0, kNodeBytesMax);
  const std::size_t begin = out.size();
  SegmentHead head{.magic = kSegmentMagic,
                   .version = kSegmentVersion,
                   .head_bytes = 0,
                   .number = identity.number,
                   .region = identity.region,
                   .epoch = identity.epoch,
                   .node_bytes = static_cast<std::uint32_t>(node.size()),
                   .created_unix_nanos = created_unix_nanos,
                   .zero = 0,
                   .zero_too = 0,
                   .crc = 0};
  append(out, &head, sizeof head);
  append(out, node.data(), node.size());
  pad(out, node.size());
  head.head_bytes = static_cast<std::uint32_t>(out.size() - begin);
  std::memcpy(out.data() + begin, &head, sizeof head);
  head.crc = segment_head_checksum(std::span(out).subspan(begin));
  std::memcpy(out.data() + begin, &head, sizeof head);
}

void append_frame(std::vector<std::byte>& out, std::uint64_t segment_number,
                  std::uint64_t segment_bytes, FrameKind kind, std::uint64_t position,
                  std::span<const std::byte> payload) {
  HEADRACE_CHECK(payload.size() <= kFrameBytesMax);
  FrameHead head{.bytes = static_cast<std::uint32_t>(payload.size()),
                 .crc = 0,
                 .kind = static_cast<std::uint32_t>(kind),
                 .zero = 0,
                 .position = position};
  head.crc = frame_checksum(segment_number, segment_bytes + out.size(), head, payload);
  append(out, &head, sizeof head);
  append(out, payload.data(), payload.size());
  pad(out, payload.size());
}

}  // namespace headrace::policy
