#include "core/spsc_byte_ring.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/check.h"

namespace headrace::core {

namespace {

using RecordHead = SpscByteHead;

constexpr std::uint32_t kSkip = UINT32_MAX;
constexpr std::uint64_t kAlignment = 8;

static_assert(sizeof(RecordHead) == kAlignment);

// What a record takes of the ring.
std::uint64_t footprint(std::uint64_t bytes) {
  return sizeof(RecordHead) + (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

void check_memory(const std::byte* memory, std::uint64_t size) {
  HEADRACE_CHECK(size >= kSpscByteRingBytesMin);
  HEADRACE_CHECK(std::has_single_bit(size), "a ring's size is a power of two");
  HEADRACE_CHECK(reinterpret_cast<std::uintptr_t>(memory) % kAlignment == 0);
}

}  // namespace

SpscByteProducer::SpscByteProducer(SpscIndices& indices, std::span<std::byte> memory)
    : indices_(&indices),
      memory_(memory.data()),
      size_(memory.size()),
      written_(indices.written.load(std::memory_order_relaxed)),
      read_seen_(indices.read.load(std::memory_order_acquire)) {
  check_memory(memory_, size_);
  HEADRACE_CHECK(written_ % kAlignment == 0);
}

std::size_t SpscByteProducer::record_bytes_max() const {
  // Half the ring, so that a record fits together with the skip before it.
  return std::min<std::uint64_t>(size_ / 2, kSkip - 1) - sizeof(RecordHead);
}

std::span<std::byte> SpscByteProducer::reserve(std::size_t bytes_max) {
  if (bytes_max > record_bytes_max()) return {};
  const std::uint64_t needed = footprint(bytes_max);
  const std::uint64_t to_end = size_ - (written_ & (size_ - 1));
  const std::uint64_t skipped = needed <= to_end ? 0 : to_end;
  if (written_ + skipped + needed - read_seen_ > size_) {
    read_seen_ = indices_->read.load(std::memory_order_acquire);
    if (written_ + skipped + needed - read_seen_ > size_) return {};
  }
  if (skipped != 0) {
    const RecordHead skip{.bytes = kSkip, .kind = 0};
    std::memcpy(memory_ + (written_ & (size_ - 1)), &skip, sizeof(skip));
  }
  reserved_at_ = written_ + skipped;
  reserved_bytes_ = bytes_max;
  reserved_ = true;
  return {memory_ + (reserved_at_ & (size_ - 1)) + sizeof(RecordHead), bytes_max};
}

void SpscByteProducer::commit(std::uint32_t kind, std::size_t bytes) {
  HEADRACE_CHECK(reserved_, "a record was committed that was not reserved");
  HEADRACE_CHECK(bytes <= reserved_bytes_, "a record is longer than was reserved");
  reserved_ = false;
  const RecordHead head{.bytes = static_cast<std::uint32_t>(bytes), .kind = kind};
  std::memcpy(memory_ + (reserved_at_ & (size_ - 1)), &head, sizeof(head));
  written_ = reserved_at_ + footprint(bytes);
  indices_->written.store(written_, std::memory_order_release);
}

bool SpscByteProducer::holds_more_than(std::size_t bytes) {
  if (written_ - read_seen_ <= bytes) return false;
  read_seen_ = indices_->read.load(std::memory_order_acquire);
  return written_ - read_seen_ > bytes;
}

bool SpscByteProducer::push(std::uint32_t kind, std::span<const std::byte> bytes) {
  const std::span<std::byte> room = reserve(bytes.size());
  if (room.data() == nullptr) return false;
  if (!bytes.empty()) std::memcpy(room.data(), bytes.data(), bytes.size());
  commit(kind, bytes.size());
  return true;
}

SpscByteConsumer::SpscByteConsumer(SpscIndices& indices, std::span<const std::byte> memory)
    : indices_(&indices),
      memory_(memory.data()),
      size_(memory.size()),
      read_(indices.read.load(std::memory_order_relaxed)),
      written_seen_(read_) {
  check_memory(memory_, size_);
  corrupt_ = read_ % kAlignment != 0;
}

std::optional<SpscByteRecord> SpscByteConsumer::front() {
  if (corrupt_) return std::nullopt;
  if (read_ == written_seen_) {
    const std::uint64_t written = indices_->written.load(std::memory_order_acquire);
    if (written == read_) return std::nullopt;
    if (written - read_ > size_ || written % kAlignment != 0) return give_up();
    written_seen_ = written;
  }
  RecordHead head = head_at(read_);
  if (head.bytes == kSkip) {
    const std::uint64_t to_end = size_ - (read_ & (size_ - 1));
    if (written_seen_ - read_ <= to_end) return give_up();
    read_ += to_end;
    head = head_at(read_);
  }
  const std::uint64_t to_end = size_ - (read_ & (size_ - 1));
  const std::uint64_t taken = footprint(head.bytes);
  if (head.bytes == kSkip || taken > to_end || taken > written_seen_ - read_) return give_up();
  front_end_ = read_ + taken;
  return SpscByteRecord{
      .kind = head.kind,
      .bytes = {memory_ + (read_ & (size_ - 1)) + sizeof(RecordHead), head.bytes}};
}

void SpscByteConsumer::drop_front() {
  HEADRACE_CHECK(front_end_ > read_, "a record was dropped that was not looked at");
  read_ = front_end_;
  indices_->read.store(read_, std::memory_order_release);
}

SpscByteHead SpscByteConsumer::head_at(std::uint64_t offset) const {
  RecordHead head{};
  std::memcpy(&head, memory_ + (offset & (size_ - 1)), sizeof(head));
  return head;
}

std::optional<SpscByteRecord> SpscByteConsumer::give_up() {
  corrupt_ = true;
  return std::nullopt;
}

SpscByteRing::SpscByteRing(std::size_t bytes)
    : size_(std::bit_ceil(std::max(bytes, kSpscByteRingBytesMin))),
      memory_(std::make_unique<std::uint64_t[]>(size_ / sizeof(std::uint64_t))),
      producer_(indices_, std::as_writable_bytes(std::span(memory_.get(), size_ / 8))),
      consumer_(indices_, std::as_bytes(std::span(memory_.get(), size_ / 8))) {}

std::size_t SpscByteRing::planned_bytes(std::size_t bytes) {
  return sizeof(SpscByteRing) + std::bit_ceil(std::max(bytes, kSpscByteRingBytesMin));
}

}  // namespace headrace::core
