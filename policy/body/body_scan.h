// Judges a request body and finds its facts, all at once or slice by slice while it arrives.
//
// Every byte is looked at exactly once: syntax (RFC 8259), UTF-8, depth, and duplicates of the keys
// that decide something are judged on the whole body, so that policy and provider see the same
// request. A key written with escapes is the same key.
//
// Threads:    one scan belongs to one request on one shard. No allocation, ever.
// Lifetime:   the body must be one contiguous run of bytes; it may move between calls (offsets are
//             kept, not pointers), but bytes already scanned must not change.
// Padding:    none needed behind the body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "policy/body/body_error.h"
#include "policy/body/body_facts.h"
#include "policy/dialect/endpoint.h"
#include "policy/json/json_walker.h"

namespace headrace::policy {

// Scanned in one turn at most: well under a millisecond whatever the bytes are.
inline constexpr std::size_t kScanTurnBytes = 64 * 1024;

struct BodyLimits {
  std::uint32_t depth_max = 128;  // at most kJsonDepthMax
  std::uint32_t body_bytes_max = 32 * 1024 * 1024;
};

class BodyScan {
 public:
  BodyScan() = default;
  BodyScan(Endpoint endpoint, const BodyLimits& limits) { start(endpoint, limits); }

  void start(Endpoint endpoint, const BodyLimits& limits);

  // `body` is all that has arrived, from the first byte on. Scans what is new, at most
  // kScanTurnBytes of it: call again while scanned() < body.size().
  [[nodiscard]] std::expected<void, BodyError> advance(std::span<const std::byte> body);

  // Bytes judged so far.
  [[nodiscard]] std::size_t scanned() const { return scanned_; }

  // After the whole body was scanned: its facts.
  [[nodiscard]] std::expected<BodyFacts, BodyError> finish(std::span<const std::byte> body);

 private:
  std::expected<void, BodyError> walk(std::span<const std::byte> body, std::size_t end);
  std::expected<void, BodyError> note(const JsonStep& step, std::span<const std::byte> body);

  JsonWalker walker_;
  std::uint32_t scanned_ = 0;
  std::uint32_t body_bytes_max_ = 0;
  std::uint64_t seen_ = 0;  // one bit per field, to find duplicates
  BodyFacts facts_;
};

// The whole body in one go (whatever its size: the caller keeps to kScanTurnBytes).
[[nodiscard]] std::expected<BodyFacts, BodyError> scan_body(std::span<const std::byte> body,
                                                            Endpoint endpoint,
                                                            const BodyLimits& limits);

}  // namespace headrace::policy
