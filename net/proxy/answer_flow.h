// An answer on its way to the client: what has come of it, what waits to be sent, and how far both
// have got.
//
// Threads: one shard.  Lifetime: an exchange's; the bytes are those of leased receive buffers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/buffer_lease.h"
#include "core/clock.h"
#include "net/edge/lease_queue.h"
#include "net/http/body_decoder.h"
#include "net/http/body_framer.h"
#include "net/http/head_scan.h"
#include "net/proxy/answer_meter.h"

namespace headrace::net {

struct AnswerFlow {
  http::BodyDecoder decoder;
  LeaseQueue out;
  core::BufferLease gathered;  // an upstream head that came in pieces
  core::BufferLease held;      // the piece of an event whose end has not come
  AnswerMeter meter;
  core::Instant first_byte_at{};
  std::uint32_t gathered_bytes = 0;
  std::uint32_t held_bytes = 0;
  std::uint32_t sending_entries = 0;
  std::span<std::byte> held_run;  // within one call of relay() only
  http::HeadScan scan;
  http::BodyFraming framing = http::BodyFraming::length;  // towards the client
  std::uint8_t interim_answers = 0;

  bool seen : 1 = false;            // a byte of the upstream's answer was seen
  bool started : 1 = false;         // bytes of an answer were queued for the client
  bool early : 1 = false;           // a stream was begun before its provider's answer
  bool ended : 1 = false;           // nothing more will be queued
  bool beginning_went : 1 = false;  // of an event that should be held until it is judged
  bool cut : 1 = false;             // the client must see that it is incomplete
  bool local : 1 = false;           // our own answer
  bool streaming : 1 = false;       // an event stream
  bool strip_usage : 1 = false;     // we asked for usage, the client did not
  bool upstream_keep_alive : 1 = false;
  bool bulk : 1 = false;          // received into large buffers
  bool no_pipe_left : 1 = false;  // for an answer that could go on unread
};

}  // namespace headrace::net
