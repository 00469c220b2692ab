// Transport: bytes that go straight on from one socket to another.
#include <utility>

#include "core/check.h"
#include "net/edge/transport.h"
#include "net/shard_context.h"

namespace headrace::net {

bool Transport::may_splice_to(const Transport& to) const {
  return state_ == State::open && to.state_ == State::open && tls_ == nullptr &&
         to.tls_ == nullptr && !peer_ended_ && !receive_op_.in_flight() && !waits_for_buffers_ &&
         !to.sending_ && !to.raw_sending_;
}

void Transport::splice_to(Transport& to, std::size_t bytes) {
  HEADRACE_CHECK(may_splice_to(to));
  want_ = armed_ = ReceiveMode::splice;
  splice_to_ = &to;
  to.splice_from_ = this;
  to.sending_ = true;
  shard_->io->splice(receive_op_, socket_, to.socket_, bytes);
}

bool Transport::splice_held_up() const {
  return splice_to_ != nullptr && shard_->io->splice_held_up(receive_op_);
}

// Neither side's descriptor is closed before this: the number would soon be somebody else's.
void Transport::on_splice_completed(std::int32_t result) {
  Transport& to = *std::exchange(splice_to_, nullptr);
  to.splice_from_ = nullptr;
  to.sending_ = false;
  want_ = armed_ = ReceiveMode::off;
  cancelling_ = false;
  if (to.state_ != State::open) to.advance_closing();
  if (state_ != State::open) {
    advance_closing();
    // Whoever let go of this side has said what is to become of the other.
    if (to.state_ == State::open) to.send_ended(false);
    return;
  }
  if (result == 0) {
    end_receive(PeerEnd::finished);
  } else {
    owner_->on_spliced(result);
  }
}

}  // namespace headrace::net
