#include "net/journal/segment_file.h"

namespace headrace::net {

std::expected<std::unique_ptr<SegmentFile>, int> SegmentFile::create(
    JournalFiles& files, const policy::SegmentIdentity& identity, std::string_view node,
    std::int64_t now_unix_nanos) {
  auto file = files.create(identity.number);
  if (!file) return std::unexpected(file.error());
  std::unique_ptr<SegmentFile> segment(new SegmentFile(std::move(*file), identity));
  segment->created_unix_nanos_ = now_unix_nanos;
  policy::append_segment_head(segment->pending_, identity, node, now_unix_nanos);
  if (const int error = segment->flush(); error != 0) {
    (void)files.remove(identity.number);  // without a head it is no segment
    return std::unexpected(error);
  }
  return segment;
}

std::expected<std::unique_ptr<SegmentFile>, int> SegmentFile::take_over(
    JournalFiles& files, const policy::SegmentIdentity& identity, std::uint64_t bytes) {
  auto file = files.reopen(identity.number);
  if (!file) return std::unexpected(file.error());
  std::unique_ptr<SegmentFile> segment(new SegmentFile(std::move(*file), identity));
  segment->bytes_ = bytes;
  if (const int error = segment->file_->cut(bytes); error != 0) return std::unexpected(error);
  return segment;
}

void SegmentFile::add(policy::FrameKind kind, std::uint64_t position,
                      std::span<const std::byte> payload) {
  policy::append_frame(pending_, identity_.number, bytes_, kind, position, payload);
}

int SegmentFile::flush() {
  if (pending_.empty()) return 0;
  int error = file_->write(bytes_, pending_);
  if (error == 0) {
    error = file_->sync();
    // What a failed sync has left on the disk nobody can tell.
    if (error != 0) abandoned_ = true;
  }
  if (error == 0) {
    bytes_ += pending_.size();
  } else if (file_->cut(bytes_) != 0) {
    abandoned_ = true;
  }
  pending_.clear();
  return error;
}

int SegmentFile::close() {
  add(policy::FrameKind::end, 0, {});
  return flush();
}

}  // namespace headrace::net
