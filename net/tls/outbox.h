// Bytes that a session wants sent: into the room of the call at hand, and what does not fit waits
// for the next call.
//
// Threads:    one shard. Memory: none while nothing waits.
// Invariants: bytes leave in the order in which they came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/check.h"

namespace headrace::net::tls {

class Outbox {
 public:
  // What waits goes first.
  void begin(std::span<std::byte> room);
  // Forgets the room; how much of it was used.
  std::size_t end();

  void append(std::span<const std::byte> bytes);

  [[nodiscard]] bool waiting() const { return sent_ < waiting_.size(); }
  // Room left to write to directly; nothing may wait.
  [[nodiscard]] std::span<std::byte> free_room() const {
    return waiting() ? std::span<std::byte>() : room_.subspan(used_);
  }
  void use(std::size_t bytes) {
    HEADRACE_CHECK(bytes <= room_.size() - used_);
    used_ += bytes;
  }

 private:
  std::span<std::byte> room_;
  std::size_t used_ = 0;
  std::vector<std::byte> waiting_;
  std::size_t sent_ = 0;  // of waiting_
};

}  // namespace headrace::net::tls
