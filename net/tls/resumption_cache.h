// The newest sessions that one upstream offered for resumption, of one shard.
//
// Threads:    one shard. One cache per shard and ClientContext: a new context (other anchors, other
//             certificate) begins with an empty cache, so that nothing verified under the old one
//             is trusted under the new.
// Invariants: at most kSessionsMax sessions, the oldest is dropped. TLS 1.3 sessions are used once
//             (RFC 8446 appendix C.4), TLS 1.2 ones until they expire.
#pragma once

#include <array>
#include <cstddef>

struct ssl_session_st;

namespace headrace::net::tls {

class ResumptionCache {
 public:
  static constexpr std::size_t kSessionsMax = 4;

  ResumptionCache() = default;
  ~ResumptionCache();
  ResumptionCache(const ResumptionCache&) = delete;
  ResumptionCache& operator=(const ResumptionCache&) = delete;

  // Takes over one reference.
  void put(ssl_session_st* session);
  // Hands out one reference, null where there is none.
  [[nodiscard]] ssl_session_st* take();
  [[nodiscard]] std::size_t size() const { return count_; }
  void clear();

 private:
  std::array<ssl_session_st*, kSessionsMax> sessions_{};  // the oldest first
  std::size_t count_ = 0;
};

}  // namespace headrace::net::tls
