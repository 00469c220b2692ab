// A queue of received bytes that wait to be sent, without storage of its own: each entry stands in
// the headroom of the buffer that it queues, so that a thousand open streams cost no queue memory
// and a burst that arrives after a receive was cancelled always has a place.
//
// The first kQueueNodeBytes of a buffer's headroom belong to this queue; what rewrites a head in
// place may use the rest (kRewriteRoom).
// Threads: belongs to one shard.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <utility>

#include "core/buffer_lease.h"
#include "core/check.h"

namespace headrace::net {

inline constexpr std::size_t kQueueNodeBytes = 64;
inline constexpr std::size_t kRewriteRoom = core::kBufferHeadroom - kQueueNodeBytes;

class LeaseQueue {
 public:
  LeaseQueue() = default;
  LeaseQueue(const LeaseQueue&) = delete;
  LeaseQueue& operator=(const LeaseQueue&) = delete;
  ~LeaseQueue() { clear(); }

  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const { return size_; }

  // `bytes` lie within the buffer: its received bytes, headroom or padding.
  void push_back(core::BufferLease lease, std::span<std::byte> bytes) {
    HEADRACE_CHECK(static_cast<bool>(lease));
    void* place = place_of(lease);
    Node* node = new (place) Node{std::move(lease), bytes, nullptr};
    (last_ != nullptr ? last_->next : first_) = node;
    last_ = node;
    ++size_;
  }

  // Copies `bytes` behind those of the last entry, where its buffer has room for them; false: it
  // has not, or there is none. Nobody may be sending from that entry.
  bool extend_last(std::span<const std::byte> bytes) {
    if (last_ == nullptr) return false;
    std::byte* end = last_->bytes.data() + last_->bytes.size();
    const std::byte* room_end = last_->lease.data() + last_->lease.size();
    if (room_end - end < static_cast<std::ptrdiff_t>(bytes.size())) return false;
    std::memcpy(end, bytes.data(), bytes.size());
    last_->bytes = {last_->bytes.data(), last_->bytes.size() + bytes.size()};
    return true;
  }

  [[nodiscard]] std::span<std::byte> front_bytes() const { return first_->bytes; }

  // The first entry shrinks to a part of its bytes.
  void keep_of_front(std::span<std::byte> bytes) { first_->bytes = bytes; }

  core::BufferLease pop_front() {
    HEADRACE_CHECK(first_ != nullptr);
    Node* node = first_;
    first_ = node->next;
    if (first_ == nullptr) last_ = nullptr;
    --size_;
    core::BufferLease lease = std::move(node->lease);
    node->~Node();
    return lease;
  }

  // The first entries' bytes, at most as many as `out` holds; they stay queued.
  template <class Byte, std::size_t N>
  std::size_t peek(std::array<std::span<Byte>, N>& out) const {
    std::size_t count = 0;
    for (Node* node = first_; node != nullptr && count < N; node = node->next) {
      out[count++] = node->bytes;
    }
    return count;
  }

  void clear() {
    while (!empty())
      pop_front().reset();
  }

 private:
  struct Node {
    core::BufferLease lease;
    std::span<std::byte> bytes;
    Node* next;
  };
  static_assert(sizeof(Node) + alignof(Node) - 1 <= kQueueNodeBytes);

  // A lease that was narrowed (a TLS record's text) begins anywhere.
  static std::byte* place_of(const core::BufferLease& lease) {
    std::byte* place = lease.data() - core::kBufferHeadroom;
    return place + (-reinterpret_cast<std::uintptr_t>(place) & (alignof(Node) - 1));
  }

  Node* first_ = nullptr;
  Node* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace headrace::net
