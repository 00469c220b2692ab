// The audit log: on the shard one binary record for each request that is audited, of which the
// LogWriter's thread (log_writer.h) makes a JSON line for each decision.
//
// Threads: write() on the shard; write_audit_lines() on the writer's thread.
#pragma once

#include <cstddef>
#include <span>

#include "net/log/audit_record.h"
#include "net/log/log_ring.h"

namespace headrace::net {

class AuditLog : public LogRing {
 public:
  using LogRing::LogRing;

  // False: no room, and the request is not told of.
  [[nodiscard]] bool write(const AuditRecord& record);
};

// Room for the longest line: every text escaped byte by byte, and all numbers.
inline constexpr std::size_t kAuditLineBytesMax = 16 * 1024;
inline constexpr std::size_t kAuditLinesBytesMax =
    kAuditLineBytesMax * policy::DecisionTrail::kDecisionsMax;

// The lines of one record with their ends, one for each decision; returns their length, 0 where
// `record` is none. `out` has at least kAuditLinesBytesMax.
std::size_t write_audit_lines(std::span<const std::byte> record, std::span<char> out);

}  // namespace headrace::net
