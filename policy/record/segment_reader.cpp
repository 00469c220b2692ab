#include "policy/record/segment_reader.h"

#include <algorithm>
#include <cstring>

namespace headrace::policy {

namespace {

constexpr std::size_t kHeadBytesMax = sizeof(SegmentHead) + kNodeBytesMax;

bool is_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

bool is_known(std::uint32_t kind) {
  return kind >= static_cast<std::uint32_t>(FrameKind::usage) &&
         kind <= static_cast<std::uint32_t>(FrameKind::end);
}

}  // namespace

std::expected<SegmentReader, std::string> SegmentReader::open(std::span<const std::byte> bytes) {
  SegmentHead head{};
  if (bytes.size() < sizeof head) return std::unexpected("ends within its head");
  std::memcpy(&head, bytes.data(), sizeof head);
  if (head.magic != kSegmentMagic) return std::unexpected("is no segment of a journal");
  if (head.version != kSegmentVersion) {
    return std::unexpected("has the layout of another headrace (version " +
                           std::to_string(head.version) + ")");
  }
  const bool fits = head.head_bytes >= sizeof head && head.head_bytes <= kHeadBytesMax &&
                    head.head_bytes <= bytes.size() &&
                    head.head_bytes == segment_head_footprint(head.node_bytes);
  if (!fits || head.zero != 0 || head.zero_too != 0 ||
      head.crc != segment_head_checksum(bytes.first(head.head_bytes)) ||
      !is_zero(bytes.first(head.head_bytes).subspan(sizeof head + head.node_bytes))) {
    return std::unexpected("has a damaged head");
  }
  SegmentReader reader;
  reader.bytes_ = bytes;
  reader.identity_ = {.number = head.number, .region = head.region, .epoch = head.epoch};
  reader.node_.assign(reinterpret_cast<const char*>(bytes.data()) + sizeof head, head.node_bytes);
  reader.created_unix_nanos_ = head.created_unix_nanos;
  reader.offset_ = head.head_bytes;
  return reader;
}

bool SegmentReader::ends_within_head(std::span<const std::byte> bytes) {
  SegmentHead head{};
  if (bytes.size() < sizeof head) return true;
  std::memcpy(&head, bytes.data(), sizeof head);
  const bool ours = head.magic == kSegmentMagic && head.version == kSegmentVersion;
  // Some disks keep the length of what was not synced, and nothing of it.
  return (ours && head.head_bytes > bytes.size() && head.head_bytes <= kHeadBytesMax) ||
         is_zero(bytes);
}

std::optional<SegmentReader::Frame> SegmentReader::next() {
  const std::span<const std::byte> rest = bytes_.subspan(offset_);
  FrameHead head{};
  if (closed_ || rest.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, rest.data(), sizeof head);
  if (head.bytes > kFrameBytesMax || head.zero != 0 || !is_known(head.kind)) return std::nullopt;
  const std::size_t taken = frame_footprint(head.bytes);
  if (taken > rest.size()) return std::nullopt;
  const std::span<const std::byte> payload = rest.subspan(sizeof head, head.bytes);
  const std::span<const std::byte> padding =
      rest.subspan(sizeof head + head.bytes, taken - sizeof head - head.bytes);
  if (head.crc != frame_checksum(identity_.number, offset(), head, payload) || !is_zero(padding)) {
    return std::nullopt;
  }
  offset_ += taken;
  const auto kind = static_cast<FrameKind>(head.kind);
  closed_ = kind == FrameKind::end;
  return Frame{.kind = kind, .position = head.position, .payload = payload};
}

}  // namespace headrace::policy
