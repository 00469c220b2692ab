// The head of a provider's answer as it comes: whole or in pieces, behind interim heads, which are
// passed over. What is not whole is kept in memory of ours, so that a head that dribbles in holds
// no receive buffer.
//
//   take()        bytes have come: is it whole? Then it stands parsed in the shard's scratch
//   take_whole()  the bytes that it stands in, and those behind it
//
// Bounds:   http::HeadLimits for each head, kInterimHeadsMax before the last one. How long it may
//           take is its call's to watch.
// Threads:  one shard.
// Lifetime: a call's; = {} for the next one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/buffer_lease.h"
#include "net/http/head_limits.h"
#include "net/http/head_scan.h"
#include "net/http/method.h"

namespace headrace::net {

struct ShardContext;

class AnswerHead {
 public:
  enum class Read : std::uint8_t { incomplete, whole, bad, no_memory };
  // `request_method`: of the request that is answered (http::parse_response_head()).
  [[nodiscard]] Read take(ShardContext& shard, const http::HeadLimits& limits,
                          http::Method request_method, core::BufferLease piece);

  struct Whole {
    core::BufferLease lease;
    std::size_t head_bytes = 0;  // the body begins behind them
    std::size_t bytes = 0;       // that have come; the lease may be larger
  };
  [[nodiscard]] Whole take_whole();

 private:
  static constexpr std::uint8_t kInterimHeadsMax = 8;

  [[nodiscard]] bool gather(ShardContext& shard, core::BufferLease piece);
  [[nodiscard]] Read keep_rest(ShardContext& shard);

  core::BufferLease lease_;
  std::uint32_t begin_ = 0;  // of what is not passed over
  std::uint32_t bytes_ = 0;
  http::HeadScan scan_;
  std::uint8_t interim_heads_ = 0;
};

}  // namespace headrace::net
