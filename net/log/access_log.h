// The access log, shard's side: a binary record into a ring, nothing else. Text is made of it by
// the LogWriter's thread (log_writer.h).
//
// Threads: write() on the shard; the consumer on the writer's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "net/log/access_record.h"
#include "net/log/log_ring.h"

namespace headrace::net {

// A record as it stands in the ring: the fixed part, then the texts one behind the other.
struct AccessRecordInRing {
  static constexpr std::size_t kTexts = 10;

  AccessFacts facts;
  std::array<std::uint8_t, kTexts> text_bytes;
};

class AccessLog : public LogRing {
 public:
  using LogRing::LogRing;

  // False: no room, the line is dropped.
  [[nodiscard]] bool write(const AccessRecord& record);
};

// Reads a record back; its texts are views of `bytes`. False when they do not hold one.
bool read_access_record(std::span<const std::byte> bytes, AccessRecord& record);

}  // namespace headrace::net
