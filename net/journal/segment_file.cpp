#include "net/journal/segment_file.h"

#include <utility>

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
  policy::append_frame(pending_, identity_.number, bytes_ + handed_over_, kind, position, payload);
  if (pending_.size() >= kPieceBytes) hand_over();
}

void SegmentFile::hand_over() {
  if (error_ != 0) return;
  error_ = file_->write(bytes_ + handed_over_, pending_);
  if (error_ != 0) return;
  handed_over_ += pending_.size();
  pending_.clear();
}

int SegmentFile::flush() {
  if (gathered() == 0) return 0;
  hand_over();
  int error = std::exchange(error_, 0);
  if (error == 0) {
    error = file_->sync();
    // What a failed sync has left on the disk nobody can tell.
    if (error != 0) abandoned_ = true;
  }
  if (error == 0) {
    bytes_ += handed_over_;
  } else if (file_->cut(bytes_) != 0) {
    abandoned_ = true;
  }
  pending_.clear();
  handed_over_ = 0;
  return error;
}

int SegmentFile::close() {
  add(policy::FrameKind::end, 0, {});
  return flush();
}

}  // namespace headrace::net
