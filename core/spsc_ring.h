// A bounded ring of fixed-size records between one producing and one consuming thread (or process).
//
//        read                written
//          v                    v
//   [ . . 3 4 5 6 7 8 9 . . . . . . ]     indices grow for ever; a record's place is index %
//   capacity
//
// SpscProducer and SpscConsumer are the two ends over SpscIndices and an array of records; those
// hold no pointers and may live in shared memory. Each end keeps its own index and its last sight
// of the other's, so that the cache line of the other side is touched only when the ring looks full
// or empty. SpscRing is all of it in one object, for use within a process.
//
// Threads:    one producing, one consuming; each end belongs to its thread.
// Invariants: records are trivially copyable; capacity is a power of two.
// Trust:      an index that lies out of bounds (shared memory overwritten) makes the ring look
//             full to the producer and empty to the consumer, and corrupt() true; it is never
//             followed.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

#include "core/check.h"

namespace headrace::core {

inline constexpr std::size_t kCacheLineBytes = 64;

struct SpscIndices {
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> written{0};  // stored by the producer only
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> read{0};     // stored by the consumer only
};

static_assert(sizeof(SpscIndices) == 2 * kCacheLineBytes);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "atomics in shared memory");

template <class T>
class SpscProducer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  // Goes on where an earlier producer of the same ring stopped.
  SpscProducer(SpscIndices& indices, std::span<T> records)
      : indices_(&indices),
        records_(records.data()),
        capacity_(records.size()),
        written_(indices.written.load(std::memory_order_relaxed)),
        read_seen_(indices.read.load(std::memory_order_acquire)) {
    HEADRACE_CHECK(std::has_single_bit(capacity_), "a ring's capacity is a power of two");
  }

  // False when the ring is full.
  [[nodiscard]] bool push(const T& record) {
    if (room() == 0) return false;
    records_[written_ & (capacity_ - 1)] = record;
    indices_->written.store(++written_, std::memory_order_release);
    return true;
  }

  // Records that may be pushed now without failing; looks at the consumer's index only when the
  // last sight of it shows no room.
  [[nodiscard]] std::size_t room() {
    if (written_ - read_seen_ >= capacity_) {
      read_seen_ = indices_->read.load(std::memory_order_acquire);
    }
    const std::uint64_t used = written_ - read_seen_;
    return used >= capacity_ ? 0 : static_cast<std::size_t>(capacity_ - used);
  }
  [[nodiscard]] bool corrupt() const {
    return written_ - indices_->read.load(std::memory_order_relaxed) > capacity_;
  }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  SpscIndices* indices_;
  T* records_;
  std::size_t capacity_;
  std::uint64_t written_;
  std::uint64_t read_seen_;
};

template <class T>
class SpscConsumer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  // Goes on where an earlier consumer of the same ring stopped.
  SpscConsumer(SpscIndices& indices, std::span<const T> records)
      : indices_(&indices),
        records_(records.data()),
        capacity_(records.size()),
        read_(indices.read.load(std::memory_order_relaxed)),
        written_seen_(read_) {
    HEADRACE_CHECK(std::has_single_bit(capacity_), "a ring's capacity is a power of two");
  }

  // False when the ring is empty.
  [[nodiscard]] bool pop(T& record) {
    const T* next = front();
    if (next == nullptr) return false;
    record = *next;
    drop_front();
    return true;
  }

  // The oldest record, left in place; nullptr when the ring is empty.
  [[nodiscard]] const T* front() {
    if (read_ == written_seen_) {
      const std::uint64_t written = indices_->written.load(std::memory_order_acquire);
      if (written - read_ > capacity_) return nullptr;
      if (written == read_) return nullptr;
      written_seen_ = written;
    }
    return &records_[read_ & (capacity_ - 1)];
  }
  // After front() returned a record.
  void drop_front() { indices_->read.store(++read_, std::memory_order_release); }

  [[nodiscard]] bool empty() { return front() == nullptr; }
  [[nodiscard]] bool corrupt() const {
    return indices_->written.load(std::memory_order_relaxed) - read_ > capacity_;
  }

 private:
  SpscIndices* indices_;
  const T* records_;
  std::size_t capacity_;
  std::uint64_t read_;
  std::uint64_t written_seen_;
};

template <class T>
class SpscRing {
 public:
  // `capacity` is rounded up to a power of two.
  explicit SpscRing(std::size_t capacity)
      : capacity_(std::bit_ceil(capacity)),
        records_(std::make_unique<T[]>(capacity_)),
        producer_(indices_, {records_.get(), capacity_}),
        consumer_(indices_, {records_.get(), capacity_}) {}
  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;

  [[nodiscard]] SpscProducer<T>& producer() { return producer_; }
  [[nodiscard]] SpscConsumer<T>& consumer() { return consumer_; }

  static std::size_t planned_bytes(std::size_t capacity) {
    return sizeof(SpscRing) + std::bit_ceil(capacity) * sizeof(T);
  }

 private:
  SpscIndices indices_;
  std::size_t capacity_;
  std::unique_ptr<T[]> records_;
  alignas(kCacheLineBytes) SpscProducer<T> producer_;
  alignas(kCacheLineBytes) SpscConsumer<T> consumer_;
};

}  // namespace headrace::core
