// The access log, shard's side: a binary record into a ring, nothing else. Text is made of it by
// the LogWriter's thread (log_writer.h).
//
// Under pressure (the writer's disk is slow, or standard output is not read) the ring fills, and
// lines are dropped and counted; a request never waits for its log line.
//
// Threads: write() on the shard; the consumer on the writer's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/spsc_byte_ring.h"
#include "net/log/access_record.h"

namespace headrace::net {

// A record as it stands in the ring: the fixed part, then the texts one behind the other.
struct AccessRecordInRing {
  AccessRecord fixed;  // its texts are not valid here
  std::array<std::uint8_t, 7> text_bytes;
};

class AccessLog {
 public:
  static constexpr std::size_t kRingBytes = 1024 * 1024;

  explicit AccessLog(std::size_t ring_bytes = kRingBytes) : ring_(ring_bytes) {}

  // False: no room, the line is dropped.
  [[nodiscard]] bool write(const AccessRecord& record);

  [[nodiscard]] core::SpscByteRing& ring() { return ring_; }

 private:
  core::SpscByteRing ring_;
};

// Reads a record back; its texts are views of `bytes`. False when they do not hold one.
bool read_access_record(std::span<const std::byte> bytes, AccessRecord& record);

}  // namespace headrace::net
