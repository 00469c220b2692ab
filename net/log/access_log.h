// The access log, shard's side: a binary record into a ring, nothing else. Text is made of it by
// the LogWriter's thread (log_writer.h).
//
// The writer looks by itself now and then; when the ring holds more than kWakeBytes it is called.
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
#include "net/log/log_bell.h"

namespace headrace::net {

// A record as it stands in the ring: the fixed part, then the texts one behind the other.
struct AccessRecordInRing {
  AccessFacts facts;
  std::array<std::uint8_t, 11> text_bytes;
};

class AccessLog {
 public:
  // A ring that is written from end to end should stay in the second cache.
  static constexpr std::size_t kRingBytes = 512 * 1024;
  static constexpr std::size_t kWakeBytes = 128 * 1024;

  explicit AccessLog(std::size_t ring_bytes = kRingBytes) : ring_(ring_bytes) {}

  // False: no room, the line is dropped.
  [[nodiscard]] bool write(const AccessRecord& record);

  // Before the shard runs. The bell must outlive the shard's last write.
  void call(LogBell& writer) { writer_ = &writer; }

  [[nodiscard]] core::SpscByteRing& ring() { return ring_; }

 private:
  core::SpscByteRing ring_;
  LogBell* writer_ = nullptr;
};

// Reads a record back; its texts are views of `bytes`. False when they do not hold one.
bool read_access_record(std::span<const std::byte> bytes, AccessRecord& record);

}  // namespace headrace::net
