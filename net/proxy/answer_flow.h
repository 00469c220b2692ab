// An answer on its way to the client: its head as it comes, its body, what waits to be sent, and
// how far all of it has got.
//
// Threads: one shard.  Lifetime: an exchange's.
#pragma once

#include <cstdint>

#include "core/clock.h"
#include "net/proxy/answer_body.h"
#include "net/proxy/answer_head.h"
#include "net/proxy/answer_queue.h"

namespace headrace::net {

struct AnswerFlow {
  explicit AnswerFlow(ShardContext& shard) : out(shard), body(shard, out) {}

  AnswerQueue out;
  AnswerBody body;
  AnswerHead head;  // as it comes
  core::Instant first_byte_at{};
  std::uint64_t own_bytes = 0;  // of the body of our own answer

  // Of the body that the client gets, whoever wrote it.
  [[nodiscard]] std::uint64_t body_bytes() const { return local ? own_bytes : body.bytes(); }

  bool seen : 1 = false;         // a byte of the upstream's answer was seen
  bool started : 1 = false;      // bytes of an answer were queued for the client
  bool early : 1 = false;        // a stream was begun before its provider's answer
  bool ended : 1 = false;        // nothing more will be queued
  bool cut : 1 = false;          // the client must see that it is incomplete
  bool local : 1 = false;        // our own answer
  bool streaming : 1 = false;    // an event stream
  bool strip_usage : 1 = false;  // we asked for usage, the client did not
  bool upstream_keep_alive : 1 = false;
  bool bulk : 1 = false;          // received into large buffers
  bool no_pipe_left : 1 = false;  // for an answer that could go on unread
};

}  // namespace headrace::net
