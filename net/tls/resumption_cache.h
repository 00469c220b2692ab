// The newest sessions that one upstream offered for resumption, of one shard.
//
// Threads:    one shard.
// Trust:      a resumed session is not verified again, so that it may be used only under the
// context
//             that verified it. The cache belongs to the context that last connected with it:
//             another one (another host, a reload with other anchors) finds it empty.
// Invariants: at most kSessionsMax sessions, the oldest is dropped. TLS 1.3 sessions are used once
//             (RFC 8446 appendix C.4), TLS 1.2 ones until they expire.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

struct ssl_session_st;

namespace headrace::net::tls {

class ResumptionCache {
 public:
  static constexpr std::size_t kSessionsMax = 4;

  ResumptionCache() = default;
  ~ResumptionCache();
  ResumptionCache(const ResumptionCache&) = delete;
  ResumptionCache& operator=(const ResumptionCache&) = delete;

  // Makes the cache that of `context`, by its number: empty if it was another's.
  void belong_to(std::uint64_t context);
  // Takes over one reference. Dropped unless the cache still belongs to the context.
  void put(ssl_session_st* session, std::uint64_t context);
  // Hands out one reference, null where there is none.
  [[nodiscard]] ssl_session_st* take();
  [[nodiscard]] std::size_t size() const { return count_; }
  void clear();

 private:
  std::array<ssl_session_st*, kSessionsMax> sessions_{};  // the oldest first
  std::size_t count_ = 0;
  std::uint64_t context_ = 0;  // 0: nobody's yet
};

}  // namespace headrace::net::tls
