#include "core/record_ring.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include <sys/mman.h>

#include "core/check.h"
#include "core/crc32c.h"
#include "core/reserved_memory.h"
#include "core/store_point.h"

namespace headrace::core {

namespace {

constexpr std::uint32_t kSkip = UINT32_MAX;
constexpr std::uint64_t kAlignment = 8;

// Positions begin at a multiple of a page from here on. No ring that began at 0 came so far, and
// what one of these may come to is below what abandon() sets.
constexpr std::uint64_t kPositionsFrom = std::uint64_t{1} << 48U;
constexpr std::uint64_t kPositionsDrawn = std::uint64_t{1} << 61U;

struct FrameHead {
  std::uint32_t bytes;  // of the payload; kSkip: the next frame is at the ring's beginning
  std::uint32_t kind;
  std::uint32_t crc;
  std::uint32_t zero;
};
static_assert(sizeof(FrameHead) == record_ring_footprint(0));

// Nearly all that is no frame is told by this, which costs nothing.
bool is_plausible(const FrameHead& head, std::size_t record_bytes_max) {
  return head.bytes <= record_bytes_max && head.kind - 1 < kRecordKindMax && head.zero == 0;
}

struct CheckedPart {
  std::uint64_t position;
  std::uint32_t bytes;
  std::uint32_t kind;
};

std::uint32_t checksum(std::uint64_t position, std::uint32_t kind,
                       std::span<const std::byte> payload) {
  const CheckedPart part{
      .position = position, .bytes = static_cast<std::uint32_t>(payload.size()), .kind = kind};
  std::array<std::byte, sizeof part> bytes;
  std::memcpy(bytes.data(), &part, sizeof part);
  return crc32c(payload, crc32c(bytes));
}

SpscIndices* indices_of(std::span<std::byte> area) {
  HEADRACE_CHECK(area.size() >= record_ring_area_bytes(kRecordRingCapacityMin));
  HEADRACE_CHECK(reinterpret_cast<std::uintptr_t>(area.data()) % alignof(SpscIndices) == 0);
  return reinterpret_cast<SpscIndices*>(area.data());
}

std::uint64_t capacity_of(std::span<std::byte> area) {
  const std::uint64_t capacity = area.size() - sizeof(SpscIndices);
  HEADRACE_CHECK(std::has_single_bit(capacity), "a ring's capacity is a power of two");
  return capacity;
}

// Where the kernel cannot do it, they come by page faults.
void map_pages(const std::byte* at, std::uint64_t bytes) {
  if (bytes == 0) return;
  const std::uint64_t into_page = reinterpret_cast<std::uintptr_t>(at) % kPageBytes;
  // It changes no byte.
  ::madvise(const_cast<std::byte*>(at - into_page), into_page + bytes, MADV_POPULATE_WRITE);
}

}  // namespace

// --- beginning -----------------------------------------------------------------------------------

void begin_record_ring(std::span<std::byte> area, std::uint64_t random) {
  const std::uint64_t begin = kPositionsFrom + random % kPositionsDrawn / kPageBytes * kPageBytes;
  HEADRACE_CHECK(area.size() >= sizeof(SpscIndices));
  SpscIndices& indices = *reinterpret_cast<SpscIndices*>(area.data());
  indices.read.store(begin, std::memory_order_relaxed);
  indices.written.store(begin, std::memory_order_release);
}

// --- producer ------------------------------------------------------------------------------------

RecordRingProducer::RecordRingProducer(std::span<std::byte> area, std::size_t record_bytes_max)
    : indices_(indices_of(area)),
      ring_(area.data() + sizeof(SpscIndices)),
      capacity_(capacity_of(area)),
      footprint_max_(record_ring_footprint(record_bytes_max)),
      written_(indices_->written.load(std::memory_order_acquire)),
      read_seen_(indices_->read.load(std::memory_order_acquire)) {
  HEADRACE_CHECK(footprint_max_ * 2 <= capacity_, "a ring holds at least two records");
  corrupt_ = written_ - read_seen_ > capacity_ || written_ % kAlignment != 0;
}

void RecordRingProducer::look() {
  const std::uint64_t read = indices_->read.load(std::memory_order_acquire);
  if (read - read_seen_ > written_ - read_seen_) {
    corrupt_ = true;  // it can only have grown, and not beyond what was written
  } else {
    read_seen_ = read;
  }
}

std::uint64_t RecordRingProducer::room() const {
  return corrupt_ ? 0 : capacity_ - (written_ - read_seen_);
}

// As many of the longest, and what the end of the ring wastes: it is passed at most once by what
// fits into the ring.
bool RecordRingProducer::room_for(std::uint64_t records) {
  const std::uint64_t needed = (records + 1) * footprint_max_;
  if (room() >= needed) return true;
  look();
  return room() >= needed;
}

bool RecordRingProducer::hold() {
  if (!room_for(held_ + 1)) return false;
  ++held_;
  return true;
}

void RecordRingProducer::release() {
  HEADRACE_CHECK(held_ > 0, "room was released that was not held");
  --held_;
}

bool RecordRingProducer::write_held(std::uint32_t kind, std::span<const std::byte> payload) {
  release();
  return write(kind, payload);
}

bool RecordRingProducer::push(std::uint32_t kind, std::span<const std::byte> payload) {
  return room_for(held_ + 1) && write(kind, payload);
}

bool RecordRingProducer::write(std::uint32_t kind, std::span<const std::byte> payload) {
  const std::uint64_t taken = record_ring_footprint(payload.size());
  HEADRACE_CHECK(taken <= footprint_max_, "a record is longer than it may be");
  HEADRACE_CHECK(kind - 1 < kRecordKindMax, "no kind of record");
  const std::uint64_t to_end = capacity_ - (written_ & (capacity_ - 1));
  const std::uint64_t skipped = taken <= to_end ? 0 : to_end;
  if (room() < skipped + taken) look();
  if (room() < skipped + taken) return false;
  if (skipped != 0) {
    const FrameHead skip{.bytes = kSkip, .kind = 0, .crc = 0, .zero = 0};
    // Only half of it may fit; what says "skip" comes first.
    store_point();
    std::memcpy(ring_ + (written_ & (capacity_ - 1)), &skip, kAlignment);
  }
  const std::uint64_t end = written_ + skipped + taken;
  const FrameHead head{.bytes = static_cast<std::uint32_t>(payload.size()),
                       .kind = kind,
                       .crc = checksum(end, kind, payload),
                       .zero = 0};
  std::byte* at = ring_ + ((written_ + skipped) & (capacity_ - 1));
  store_point();
  std::memcpy(at, &head, sizeof head);
  copy_with_deaths(at + sizeof head, payload.data(), payload.size());
  store_point();
  written_ = end;
  indices_->written.store(end, std::memory_order_release);
  store_point();
  return true;
}

// --- consumer ------------------------------------------------------------------------------------

RecordRingConsumer::RecordRingConsumer(std::span<std::byte> area, std::size_t record_bytes_max)
    : indices_(indices_of(area)),
      ring_(area.data() + sizeof(SpscIndices)),
      capacity_(capacity_of(area)),
      record_bytes_max_(record_bytes_max),
      acknowledged_(indices_->read.load(std::memory_order_acquire)),
      cursor_(acknowledged_),
      mapped_from_(acknowledged_),
      mapped_to_(acknowledged_),
      filled_to_(acknowledged_) {
  corrupt_ = acknowledged_ % kAlignment != 0;
}

std::uint64_t RecordRingConsumer::waiting() const {
  const std::uint64_t waiting = indices_->written.load(std::memory_order_acquire) - acknowledged_;
  return waiting > capacity_ ? 0 : waiting;
}

std::optional<RecordRingConsumer::Record> RecordRingConsumer::next() {
  const std::uint64_t begin = cursor_;
  const auto record = find();
  const std::uint64_t end =
      record ? cursor_ - record_ring_footprint(record->payload.size()) : cursor_;
  gap_.reset();
  if (begin != end) gap_ = RecordRingGap{.begin = begin, .end = end};
  return record;
}

std::optional<RecordRingConsumer::Record> RecordRingConsumer::find() {
  if (corrupt_) return std::nullopt;
  const auto end = readable_to();
  corrupt_ = !end;
  looked_at_ = 0;
  while (!corrupt_ && cursor_ != *end) {
    if (const auto record = frame_at(cursor_, *end)) {
      cursor_ = record->position;
      amid_damage_ = false;
      return record;
    }
    if (!amid_damage_ && skips(*end)) {
      cursor_ += to_ring_end(cursor_);
    } else if (cursor_ < kPositionsFrom) {
      corrupt_ = !step_by_length(*end);
    } else {
      pass_damage(*end);
      if (looked_at_ >= kLookedAtOnce && cursor_ != *end) return std::nullopt;
    }
  }
  // What comes begins there.
  amid_damage_ = false;
  return std::nullopt;
}

// Nothing: the indices are impossible.
std::optional<std::uint64_t> RecordRingConsumer::readable_to() const {
  const std::uint64_t written = indices_->written.load(std::memory_order_acquire);
  const std::uint64_t left = written - cursor_;
  if (left == 0) return written;
  if (written - acknowledged_ > capacity_ || left > written - acknowledged_ ||
      written % kAlignment != 0) {
    return std::nullopt;
  }
  return stop_ - cursor_ < left ? stop_ : written;
}

// Frames stand before the ring's end, and end at or before `end`.
std::optional<RecordRingConsumer::Record> RecordRingConsumer::frame_at(std::uint64_t position,
                                                                       std::uint64_t end) {
  const std::uint64_t room = std::min(to_ring_end(position), end - position);
  FrameHead head{};
  if (room < sizeof head) return std::nullopt;
  const std::byte* at = ring_ + (position & (capacity_ - 1));
  std::memcpy(&head, at, sizeof head);
  if (!is_plausible(head, record_bytes_max_) || record_ring_footprint(head.bytes) > room) {
    return std::nullopt;
  }
  looked_at_ += head.bytes;
  position += record_ring_footprint(head.bytes);
  const std::span<const std::byte> payload(at + sizeof head, head.bytes);
  if (head.crc != checksum(position, head.kind, payload)) return std::nullopt;
  return Record{.kind = head.kind, .position = position, .payload = payload, .crc = head.crc};
}

std::uint64_t RecordRingConsumer::to_ring_end(std::uint64_t position) const {
  return capacity_ - (position & (capacity_ - 1));
}

// Whether a skip mark stands at the cursor. It has no checksum: it holds where what it skips is
// shorter than the longest frame and has none in it, and there is more behind.
bool RecordRingConsumer::skips(std::uint64_t end) {
  constexpr std::uint64_t kMark = kSkip;
  std::uint64_t word = 0;
  std::memcpy(&word, ring_ + (cursor_ & (capacity_ - 1)), sizeof word);
  const std::uint64_t skipped = to_ring_end(cursor_);
  if (word != kMark || skipped >= record_ring_footprint(record_bytes_max_) ||
      skipped >= end - cursor_) {
    return false;
  }
  for (std::uint64_t step = kAlignment; step < skipped; step += kAlignment) {
    if (frame_at(cursor_ + step, end)) return false;
  }
  return true;
}

// In a ring whose positions may be guessed. False: the length there is impossible.
bool RecordRingConsumer::step_by_length(std::uint64_t end) {
  std::uint32_t bytes = 0;
  std::memcpy(&bytes, ring_ + (cursor_ & (capacity_ - 1)), sizeof bytes);
  const std::uint64_t taken = record_ring_footprint(bytes);
  if (taken > std::min(to_ring_end(cursor_), end - cursor_)) return false;
  ++damaged_;
  cursor_ += taken;
  return true;
}

// To where a frame may begin, or as far as is looked at once.
void RecordRingConsumer::pass_damage(std::uint64_t end) {
  if (!amid_damage_) ++damaged_;
  amid_damage_ = true;
  const std::uint64_t begin = cursor_;
  const std::uint64_t most = kLookedAtOnce - std::min(looked_at_, kLookedAtOnce);
  FrameHead head{};
  do {
    cursor_ += kAlignment;
    std::memcpy(&head, ring_ + (cursor_ & (capacity_ - 1)), kAlignment);
  } while (cursor_ != end && cursor_ - begin < most && !is_plausible(head, record_bytes_max_));
  looked_at_ += cursor_ - begin;
}

bool RecordRingConsumer::Record::is_whole(std::span<const std::byte> copy) const {
  return checksum(position, kind, copy) == crc;
}

void RecordRingConsumer::acknowledge() {
  if (acknowledged_ == cursor_) return;
  store_point();
  acknowledged_ = cursor_;
  acknowledged_amid_damage_ = amid_damage_;
  indices_->read.store(cursor_, std::memory_order_release);
  store_point();
}

void RecordRingConsumer::rewind() {
  cursor_ = acknowledged_;
  amid_damage_ = acknowledged_amid_damage_;
  corrupt_ = acknowledged_ % kAlignment != 0;
}

// An index that no consumer can have got to, for producers and consumers to come too.
void RecordRingConsumer::abandon() {
  constexpr std::uint64_t kFar = std::uint64_t{1} << 63U;
  HEADRACE_CHECK(corrupt_ && cursor_ == acknowledged_, "what can be read is read first");
  store_point();
  indices_->read.store((acknowledged_ ^ kFar) | 1, std::memory_order_release);
}

void RecordRingConsumer::map_ahead() {
  const std::uint64_t written = indices_->written.load(std::memory_order_acquire);
  if (mapped_to_ - mapped_from_ >= capacity_ || written - filled_to_ > capacity_) return;
  const std::uint64_t filled = written - filled_to_;
  filled_to_ = written;
  const std::uint64_t from = std::max(mapped_to_, written);
  const std::uint64_t to = std::min(written + filled + filled / 2, mapped_from_ + capacity_);
  if (to <= from) return;
  mapped_to_ = to;
  const std::uint64_t begin = from & (capacity_ - 1);
  const std::uint64_t first = std::min(to - from, capacity_ - begin);
  map_pages(ring_ + begin, first);
  map_pages(ring_, to - from - first);
}

void RecordRingConsumer::skip_to(std::uint64_t position) {
  const std::uint64_t written = indices_->written.load(std::memory_order_acquire);
  const bool within = position - acknowledged_ <= written - acknowledged_;
  if (!within || position % kAlignment != 0) return;
  cursor_ = position;
  amid_damage_ = false;
  acknowledge();
}

}  // namespace headrace::core
