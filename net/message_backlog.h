// Messages that must arrive and found no room, or that a shard has for itself: in order, until they
// can be handed on.
//
// Bounds: planned at start for the most that there can be; more is a mistake of ours.
// Threads: one shard.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/check.h"
#include "core/mailbox.h"
#include "core/reserved_memory.h"

namespace headrace::net {

class MessageBacklog {
 public:
  struct Entry {
    std::uint32_t to;
    core::Message message;
  };

  MessageBacklog(const char* purpose, std::size_t entries_max)
      : memory_(purpose, entries_max * sizeof(Entry)), entries_max_(entries_max) {}

  [[nodiscard]] bool empty() const { return first_ == end_; }
  [[nodiscard]] std::size_t size() const { return end_ - first_; }
  [[nodiscard]] const Entry& front() const { return entries()[first_ % entries_max_]; }
  void pop() { ++first_; }
  void push(std::uint32_t to, const core::Message& message) {
    HEADRACE_CHECK(size() < entries_max_, "more messages than there can be");
    entries()[end_++ % entries_max_] = {to, message};
  }

 private:
  [[nodiscard]] Entry* entries() const { return reinterpret_cast<Entry*>(memory_.data()); }

  core::ReservedMemory memory_;
  std::size_t entries_max_;
  std::size_t first_ = 0;
  std::size_t end_ = 0;
};

}  // namespace headrace::net
