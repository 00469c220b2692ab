// The segment that is being written: frames are gathered, handed to the system piece by piece, and
// synced together.
//
// Cost:       a piece stays in the caches from being gathered until it is written.
// Invariants: what flush() has said yes to is on the disk, and is never written again. After a no
//             the file holds what it held before; if not even that can be had, it is abandoned.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "net/journal/journal_files.h"
#include "policy/record/segment_writing.h"

namespace headrace::net {

class SegmentFile {
 public:
  // A new segment with its head. Error: a number of errno.
  static std::expected<std::unique_ptr<SegmentFile>, int> create(
      JournalFiles& files, const policy::SegmentIdentity& identity, std::string_view node,
      std::int64_t now_unix_nanos);
  // One that a dead process left, to be closed: it holds so many bytes that are right.
  static std::expected<std::unique_ptr<SegmentFile>, int> take_over(
      JournalFiles& files, const policy::SegmentIdentity& identity, std::uint64_t bytes);

  void add(policy::FrameKind kind, std::uint64_t position, std::span<const std::byte> payload);
  // Writes and syncs what was added. An error: nothing of it was; it is forgotten. ENOENT: all that
  // it held is gone too.
  [[nodiscard]] int flush();
  // The last frame, synced. Nothing may be added then.
  [[nodiscard]] int close();

  // Bytes gathered, and bytes that are on the disk.
  [[nodiscard]] std::size_t gathered() const { return handed_over_ + pending_.size(); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t number() const { return identity_.number; }
  [[nodiscard]] std::int64_t created_unix_nanos() const { return created_unix_nanos_; }
  // What it holds is no longer known: another one must be opened.
  [[nodiscard]] bool abandoned() const { return abandoned_; }

 private:
  static constexpr std::size_t kPieceBytes = std::size_t{128} << 10U;

  SegmentFile(std::unique_ptr<JournalFile> file, const policy::SegmentIdentity& identity)
      : file_(std::move(file)), identity_(identity) {}

  void hand_over();

  std::unique_ptr<JournalFile> file_;
  policy::SegmentIdentity identity_;
  std::vector<std::byte> pending_;
  std::size_t handed_over_ = 0;  // bytes behind those on the disk
  int error_ = 0;                // of what was handed over since the last flush
  std::uint64_t bytes_ = 0;
  std::int64_t created_unix_nanos_ = 0;
  bool abandoned_ = false;
};

}  // namespace headrace::net
