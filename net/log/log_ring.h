// One shard's side of a log: a ring that records go into, and the bell that calls its writer.
//
// The writer looks by itself now and then; when the ring holds more than kWakeBytes it is called.
// Under pressure (the writer's disk is slow, or standard output is not read) the ring fills, and
// records are dropped by who writes them, and counted; a request never waits for its log.
//
// Threads: reserve() and commit() on the shard; the consumer on the writer's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/spsc_byte_ring.h"
#include "net/log/log_bell.h"

namespace headrace::net {

class LogRing {
 public:
  // A ring that is written from end to end should stay in the second cache.
  static constexpr std::size_t kRingBytes = 512 * 1024;
  static constexpr std::size_t kWakeBytes = 128 * 1024;

  explicit LogRing(std::size_t ring_bytes = kRingBytes) : ring_(ring_bytes) {}

  // Before the shard runs. The bell must outlive the shard's last write.
  void call(LogBell& writer) { writer_ = &writer; }

  [[nodiscard]] core::SpscByteRing& ring() { return ring_; }

 protected:
  // Room for one record; empty: there is none, and it is dropped.
  [[nodiscard]] std::span<std::byte> reserve(std::size_t bytes) {
    return ring_.producer().reserve(bytes);
  }
  void commit(std::uint32_t kind, std::size_t bytes) {
    ring_.producer().commit(kind, bytes);
    if (writer_ != nullptr && ring_.producer().holds_more_than(kWakeBytes)) writer_->ring();
  }

 private:
  core::SpscByteRing ring_;
  LogBell* writer_ = nullptr;
};

}  // namespace headrace::net
