// A request as it is held and sent: head and body in one contiguous run, so that the head that we
// write goes directly before the body and both leave in one send, nothing gathered.
//
//   held   | headroom | head as received | body ............ | padding |
//   sent         | head as written by us | body ............ |
//
// Where the first bytes of the body are edited, and nothing behind them, they are written with the
// head, and the rest of the body follows.
//
// A body that did not come with its head is received straight behind it. Pooled apart from the
// exchange, because a long answer no longer needs it: it is given back when the answer begins, or
// goes into the custody of the upstream connection that is still sending from it.
//
// Threads: one shard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/buffer_lease.h"
#include "net/edge/lease_queue.h"
#include "net/http/body_decoder.h"
#include "policy/body/body_facts.h"
#include "policy/body/body_scan.h"
#include "policy/body/edit_list.h"
#include "policy/form/form_scan.h"
#include "policy/json/json_beginning.h"

namespace headrace::net {

struct RequestMessage {
  core::BufferLease lease;
  std::size_t head_bytes = 0;
  std::size_t body_bytes = 0;  // in `lease`, so far

  http::BodyDecoder decoder;
  policy::BodyScan scan;
  policy::BodyFacts facts;
  policy::EditList edits;

  // The head that we wrote, and where it stands: before the body in `lease`, or in a block of its
  // own when it did not fit there. In the former case the body's first bytes may be part of it, as
  // edited: so many of the body's own are not sent.
  std::span<std::byte> written_head;
  std::size_t beginning_bytes = 0;
  core::BufferLease head_block;

  std::size_t sent_bytes = 0;  // of head and body as rewritten
  [[nodiscard]] std::size_t bytes_to_send() const {
    return written_head.size() - beginning_bytes + edits.length_after(body_bytes);
  }

  // Bodies that need not be understood pass through in fixed memory: framed, and before there is a
  // connection to send them on.
  LeaseQueue upload;
  LeaseQueue pending_upload;
  std::size_t arrived_bytes = 0;  // of the body, with the head
  bool head_sent = false;
  // Of a body that is said to be no JSON, into an account in which nothing may be named.
  bool must_not_be_json = false;
  policy::JsonBeginning beginning;
  // Of a form on its way to such an account: it stands in the lease.
  policy::FormScan* form = nullptr;
  core::BufferLease form_lease;

  [[nodiscard]] std::span<std::byte> body() const {
    return {lease.data() + head_bytes, body_bytes};
  }
  [[nodiscard]] std::byte* body_begin() const { return lease.data() + head_bytes; }
  // Writes a head, the first `bytes` of `room`, to where the body begins, over the one that
  // was received; it is not above it by more than kRewriteRoom. Edits of the body's first bytes,
  // where there are no others, are written with it: then the request leaves as one piece. `room`
  // may be written behind the head.
  void take_head(std::span<char> room, std::size_t bytes);
  // What of the body is sent behind what was written.
  [[nodiscard]] std::span<std::byte> rest_of_body() const {
    return body().subspan(beginning_bytes);
  }
  // Room behind the body in the lease.
  [[nodiscard]] std::size_t room() const { return lease.size() - head_bytes - body_bytes; }
};

}  // namespace headrace::net
