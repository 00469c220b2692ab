#include "net/journal/journal_segments.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/event_log.h"

namespace headrace::net {

using policy::FrameKind;

namespace {

// So many numbers may others have taken since the folder was looked at; then it is a failure.
constexpr int kNumbersTaken = 1000;
constexpr std::size_t kPoolsPerFrame = 16'384;
static_assert(kPoolsPerFrame * sizeof(core::PoolSpent) <= policy::kFrameBytesMax);

}  // namespace

JournalSegments::JournalSegments(JournalFiles& files, JournalOptions options, std::uint64_t region,
                                 std::uint32_t epoch, std::uint64_t last_number,
                                 JournalStatistics& statistics)
    : files_(files),
      options_(std::move(options)),
      region_(region),
      epoch_(epoch),
      last_number_(last_number),
      statistics_(statistics) {}

std::expected<std::unique_ptr<SegmentFile>, int> JournalSegments::create(core::WallTime now) {
  const policy::SegmentIdentity identity{
      .number = last_number_ + 1, .region = region_, .epoch = epoch_};
  return SegmentFile::create(files_, identity, options_.node, now.unix_nanos);
}

SegmentFile* JournalSegments::segment(core::WallTime now) {
  if (segment_ != nullptr && segment_->abandoned()) segment_.reset();
  if (segment_ != nullptr) return segment_.get();
  auto opened = create(now);
  // Another data plane, which is draining, may write segments beside us.
  for (int tries = 0; !opened && opened.error() == EEXIST && tries < kNumbersTaken; ++tries) {
    ++last_number_;
    opened = create(now);
  }
  if (!opened) {
    failed(opened.error());
    return nullptr;
  }
  ++last_number_;
  segment_ = std::move(*opened);
  statistics_.segments.add();
  add_checkpoint(now);
  // Alone, so that what it is opened for is not lost with it.
  return write(now) ? segment_.get() : nullptr;
}

void JournalSegments::add_checkpoint(core::WallTime) {
  collected_.clear();
  if (pools_ != nullptr) pools_->collect(collected_);
  add_pools(pools_ != nullptr ? collected_ : inherited_);
  for (const auto& [id, payload] : open_intents_)
    segment_->add(FrameKind::intent, 0, payload);
  segment_->add(FrameKind::checkpoint_end, 0, {});
}

void JournalSegments::add_pools(std::span<const core::PoolSpent> pools) {
  while (!pools.empty()) {
    const std::size_t count = std::min(pools.size(), kPoolsPerFrame);
    segment_->add(FrameKind::pools, 0, std::as_bytes(pools.first(count)));
    pools = pools.subspan(count);
  }
}

void JournalSegments::add_changed_pools(core::WallTime now) {
  if (pools_ == nullptr) return;
  // With a checkpoint, where it is a new one.
  if (segment(now) == nullptr) return;
  collected_.clear();
  pools_->collect_changed(collected_);
  add_pools(collected_);
  statistics_.pools.add(collected_.size());
}

void JournalSegments::write_all_pools_again() {
  if (pools_ != nullptr) pools_->collect_all_again();
}

bool JournalSegments::write(core::WallTime) {
  if (segment_ == nullptr) return true;
  const std::size_t bytes = segment_->gathered();
  if (const int error = segment_->flush(); error != 0) {
    // What was said of pools is unsaid.
    write_all_pools_again();
    if (error == ENOENT) {
      HEADRACE_EVENT(error,
                     "segment {} of the journal was removed while it was written, and with it the "
                     "records that stood there; those to come go to another one",
                     segment_->number());
    }
    failed(error);
    // A segment without its checkpoint is of no use to anybody.
    if (segment_->abandoned()) segment_.reset();
    return false;
  }
  statistics_.bytes.add(bytes);
  if (std::exchange(last_error_, 0) != 0) HEADRACE_EVENT(info, "the journal is written again");
  statistics_.stalled.set(0);
  return true;
}

void JournalSegments::failed(int error) {
  statistics_.write_failures.add();
  statistics_.stalled.set(1);
  if (last_error_ != error) {
    HEADRACE_EVENT(error,
                   "the journal cannot be written: {}. Records wait in memory; when that is full, "
                   "requests are refused with 503",
                   std::strerror(error));
  }
  last_error_ = error;
}

void JournalSegments::rest(core::WallTime now) {
  if (segment_ == nullptr || rotation_held_) return;
  const bool full = segment_->bytes() >= options_.segment_bytes_max;
  const bool old =
      now.unix_nanos - segment_->created_unix_nanos() >= options_.segment_age_max.count();
  if (!full && !old) return;
  // The next one first, with the intents that are still open: what has an end is not looked into
  // for them where another one, of a neighbour perhaps, has a checkpoint.
  std::unique_ptr<SegmentFile> ended = std::move(segment_);
  if (segment(now) == nullptr) {
    segment_ = std::move(ended);
    return;
  }
  if (const int error = ended->close(); error != 0) failed(error);
  remove_old(now);
}

void JournalSegments::close() {
  if (segment_ == nullptr) return;
  if (const int error = segment_->close(); error != 0) failed(error);
  segment_.reset();
}

void JournalSegments::open_intent(const policy::RecordId& id, std::span<const std::byte> payload) {
  open_intents_[id] = {payload.begin(), payload.end()};
}

void JournalSegments::close_intent(const policy::RecordId& id) {
  open_intents_.erase(id);
}

// Neither the one that is written nor the newest of the others.
void JournalSegments::remove_old(core::WallTime now) {
  auto entries = files_.list();
  if (!entries) return;
  std::erase_if(*entries, [&](const JournalFiles::Entry& entry) {
    return segment_ != nullptr && entry.number == segment_->number();
  });
  if (entries->size() < 2) return;
  std::uint64_t bytes = 0;
  for (const JournalFiles::Entry& entry : *entries)
    bytes += entry.bytes;
  std::uint64_t left = entries->size();
  for (const JournalFiles::Entry& entry : std::span(*entries).first(entries->size() - 1)) {
    const bool many =
        options_.retention_segments_max != 0 && left > options_.retention_segments_max;
    const bool large = options_.retention_bytes_max != 0 && bytes > options_.retention_bytes_max;
    const bool old = options_.retention_age_max != core::Duration::zero() &&
                     now.unix_nanos - entry.changed_unix_nanos > options_.retention_age_max.count();
    if (!many && !large && !old) return;
    if (files_.remove(entry.number) != 0) return;
    statistics_.segments_removed.add();
    --left;
    bytes -= entry.bytes;
  }
}

}  // namespace headrace::net
