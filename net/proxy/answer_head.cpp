#include "net/proxy/answer_head.h"

#include <cstring>
#include <utility>

#include "net/http/response_head.h"
#include "net/http/text.h"
#include "net/shard_context.h"

namespace headrace::net {

AnswerHead::Read AnswerHead::take(ShardContext& shard, const http::HeadLimits& limits,
                                  http::Method request_method, core::BufferLease piece) {
  if (!gather(shard, std::move(piece))) return Read::no_memory;
  http::ResponseHead& head = shard.response_head;
  for (;;) {
    const auto left = lease_.bytes().first(bytes_).subspan(begin_);
    const http::HeadResult result =
        http::parse_response_head(http::as_text(left), limits, request_method, head, scan_);
    if (result.status == http::HeadStatus::bad) return Read::bad;
    if (result.status == http::HeadStatus::incomplete) return keep_rest(shard);
    scan_ = {};
    begin_ += static_cast<std::uint32_t>(result.consumed);
    if (!head.interim()) return Read::whole;
    if (++interim_heads_ > kInterimHeadsMax) return Read::bad;
  }
}

AnswerHead::Whole AnswerHead::take_whole() {
  return {.lease = std::move(lease_),
          .head_bytes = std::exchange(begin_, 0),
          .bytes = std::exchange(bytes_, 0)};
}

bool AnswerHead::gather(ShardContext& shard, core::BufferLease piece) {
  if (bytes_ == 0) {
    bytes_ = static_cast<std::uint32_t>(piece.size());
    lease_ = std::move(piece);
    return true;
  }
  const std::size_t needed = bytes_ + piece.size();
  if (lease_.size() <= needed) lease_ = shard.bodies.grow(lease_, bytes_, needed + 1);
  if (!lease_) return false;
  std::memcpy(lease_.data() + bytes_, piece.data(), piece.size());
  bytes_ = static_cast<std::uint32_t>(needed);
  return true;
}

// What is still to come is added to it. A lease that has room behind its bytes is ours already.
AnswerHead::Read AnswerHead::keep_rest(ShardContext& shard) {
  const bool ours = lease_.size() > bytes_;
  const std::uint32_t rest = bytes_ - std::exchange(begin_, 0);
  if (rest == 0) {
    lease_.reset();
  } else if (!ours) {
    core::BufferLease kept = shard.bodies.take(rest + std::size_t{1});
    if (!kept) return Read::no_memory;
    std::memcpy(kept.data(), lease_.data() + (bytes_ - rest), rest);
    lease_ = std::move(kept);
  } else if (rest < bytes_) {
    std::memmove(lease_.data(), lease_.data() + (bytes_ - rest), rest);
  }
  bytes_ = rest;
  return Read::incomplete;
}

}  // namespace headrace::net
