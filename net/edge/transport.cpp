#include "net/edge/transport.h"

#include <array>
#include <cerrno>
#include <utility>

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/edge/tls_layer.h"
#include "net/shard_context.h"

namespace headrace::net {

using core::Completion;
using core::OpKind;

Transport::Transport(ShardContext& shard, TransportOwner& owner) : shard_(&shard), owner_(&owner) {
  receive_op_.bind<&Transport::on_receive_completed>(this);
  send_op_.bind<&Transport::on_send_completed>(this);
  control_op_.bind<&Transport::on_control_completed>(this);
}

Transport::~Transport() {
  HEADRACE_CHECK(state_ == State::closed);
}

void Transport::open(core::Socket socket) {
  HEADRACE_CHECK(state_ == State::closed);
  HEADRACE_CHECK(socket != core::Socket::none);
  socket_ = socket;
  state_ = State::open;
  want_ = armed_ = ReceiveMode::off;
  cancelling_ = peer_ended_ = sending_ = raw_sending_ = finish_when_idle_ = close_started_ = false;
  stop_sending_ = bulk_is_scarce_ = waits_for_buffers_ = waits_for_bulk_ = false;
}

// --- receiving -----------------------------------------------------------------------------------

void Transport::want_receive(ReceiveMode mode) {
  HEADRACE_CHECK(mode != ReceiveMode::into, "want_into() says where to");
  HEADRACE_CHECK(mode != ReceiveMode::splice, "splice_to() says where to");
  want_ = mode;
  into_ = {};
  reconcile_receive();
}

void Transport::want_into(std::span<std::byte> into) {
  HEADRACE_CHECK(!into.empty());
  want_ = ReceiveMode::into;
  into_ = into;
  reconcile_receive();
}

void Transport::keep_for_receive(core::BufferLease memory) {
  HEADRACE_CHECK(receiving_into() && !into_memory_);
  if (armed_ == ReceiveMode::into) {
    into_memory_ = std::move(memory);
  } else {
    want_receive(ReceiveMode::many);  // decrypted into it is only what comes from here on
  }
}

// Ciphertext never goes to the owner's memory: large buffers bring many records at a time.
ReceiveMode Transport::mode_to_arm() const {
  if (tls_ == nullptr || want_ != ReceiveMode::into) return want_;
  return into_.size() >= tls::kRecordPlaintextBytesMax && !bulk_is_scarce_ ? ReceiveMode::one_bulk
                                                                           : ReceiveMode::many;
}

void Transport::reconcile_receive() {
  if (state_ != State::open || peer_ended_) return;
  if (!receive_op_.in_flight()) {
    if (waits_for_bulk_ && mode_to_arm() != ReceiveMode::one_bulk) stop_waiting();
    if (want_ == ReceiveMode::off || waits_for_buffers_) return;
    if (mode_to_arm() == ReceiveMode::one_bulk &&
        shard_->starved.any_waits_for(core::BufferGroup::bulk)) {
      wait_for_buffers(true);  // behind those who came before
    } else {
      start_receive();
    }
    return;
  }
  // A receive into the owner's memory is never cancelled for another wish: it ends with the first
  // bytes that come.
  if (mode_to_arm() == armed_ || cancelling_ || armed_ == ReceiveMode::into) return;
  if (control_op_.in_flight()) return;  // tried again when it completes
  cancelling_ = true;
  shard_->io->cancel(control_op_, receive_op_);
}

void Transport::start_receive() {
  core::Io& io = *shard_->io;
  armed_ = mode_to_arm();
  switch (armed_) {
    case ReceiveMode::off:
      break;
    case ReceiveMode::many:
      io.recv_multishot(receive_op_, socket_, core::BufferGroup::small);
      break;
    case ReceiveMode::one:
      io.recv_provided(receive_op_, socket_, core::BufferGroup::small);
      break;
    case ReceiveMode::one_bulk:
      io.recv_provided(receive_op_, socket_, core::BufferGroup::bulk);
      break;
    case ReceiveMode::into:
      io.recv_into(receive_op_, socket_, into_);
      break;
    case ReceiveMode::splice:
      break;  // splice_to() has begun it
  }
}

void Transport::on_receive_completed(Completion& completion) {
  if (armed_ == ReceiveMode::splice) {
    on_splice_completed(completion.result);
    return;
  }
  const bool bulk = armed_ == ReceiveMode::one_bulk;
  if (!completion.more) {
    armed_ = ReceiveMode::off;
    cancelling_ = false;
    into_memory_.reset();
  }
  if (state_ != State::open) {
    completion.buffer.reset();
    advance_closing();
    return;
  }
  if (completion.result > 0) {
    if (!completion.more) bulk_is_scarce_ = false;
    deliver(completion);
  } else if (completion.result == 0) {
    end_receive(PeerEnd::finished);
  } else if (completion.result == -ENOBUFS) {
    wait_for_buffers(bulk);
  } else if (completion.result != -ECANCELED) {
    end_receive(PeerEnd::reset);
  }
  if (core::planted(core::PlantedBug::rearm_lost) && completion.result > 0 && !completion.more) {
    want_ = ReceiveMode::off;
  }
  reconcile_receive();
}

void Transport::deliver(Completion& completion) {
  const auto bytes = static_cast<std::size_t>(completion.result);
  if (completion.buffer) {
    if (tls_ != nullptr) {
      tls_->received(std::move(completion.buffer));
    } else {
      hand_on(std::move(completion.buffer));
    }
    return;
  }
  hand_on_into(bytes);
}

// The owner either wants the rest elsewhere and says so within the call, or has enough.
// He may also have changed his mind while they were on their way.
void Transport::hand_on_into(std::size_t bytes) {
  if (want_ == ReceiveMode::into) {
    want_ = ReceiveMode::off;
    into_ = {};
  }
  owner_->on_received_into(bytes);
}

// What was asked for once has come only now: a part of a TLS record brings the owner nothing yet.
void Transport::hand_on(core::BufferLease lease) {
  if (want_ == ReceiveMode::one || want_ == ReceiveMode::one_bulk) want_ = ReceiveMode::off;
  owner_->on_received(std::move(lease));
}

void Transport::end_receive(PeerEnd end) {
  if (peer_ended_) return;
  peer_ended_ = true;
  want_ = ReceiveMode::off;
  if (tls_ != nullptr) end = tls_->peer_ended(end);
  if (tls_ != nullptr && tls_->handshaking()) {
    owner_->on_handshake_failed();
    return;
  }
  owner_->on_peer_end(end);
}

void Transport::wait_for_buffers(bool bulk) {
  waits_for_buffers_ = true;
  waits_for_bulk_ = bulk;
  if (bulk) {
    shard_->starved.add_for_bulk(*this, shard_->now());
  } else {
    shard_->starved.add(*this);
  }
}

void Transport::retry_receive() {
  waits_for_buffers_ = waits_for_bulk_ = false;
  if (state_ == State::open && !peer_ended_ && want_ != ReceiveMode::off) start_receive();
}

void Transport::settle_for_small() {
  if (want_ == ReceiveMode::one_bulk) want_ = ReceiveMode::one;
  bulk_is_scarce_ = true;
  waits_for_bulk_ = false;
}

void Transport::stop_waiting() {
  waits_for_buffers_ = waits_for_bulk_ = false;
  StarvedTransports::remove(*this);
}

// --- sending -------------------------------------------------------------------------------------

void Transport::send(std::span<const std::span<const std::byte>> slices, core::SendMore more) {
  HEADRACE_CHECK(state_ == State::open);
  HEADRACE_CHECK(!sending_, "one send at a time");
  HEADRACE_CHECK(!slices.empty() && slices.size() <= kSlicesMax);
  sending_ = true;
  if (tls_ != nullptr) {
    tls_->send(slices);
    return;
  }
  send_raw(slices, more);
}

void Transport::send_raw(std::span<const std::span<const std::byte>> slices, core::SendMore more) {
  raw_sending_ = true;
  sending_bytes_ = 0;
  for (const auto& slice : slices)
    sending_bytes_ += slice.size();
  if (slices.size() == 1) {
    shard_->io->send(send_op_, socket_, slices.front(), more);
    return;
  }
  std::array<iovec, kSlicesMax> vector;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    // The kernel only reads from them; iovec has no const form.
    vector[i] = {const_cast<std::byte*>(slices[i].data()), slices[i].size()};
  }
  shard_->io->send_vector(send_op_, socket_, std::span(vector.data(), slices.size()), more);
}

bool Transport::last_byte_leaves() const {
  return sending_ && raw_sending_ && (tls_ == nullptr || !tls_->any_left());
}

void Transport::stop_sending() {
  HEADRACE_CHECK(last_byte_leaves(), "what follows would be sent all the same");
  if (control_op_.in_flight()) {
    stop_sending_ = true;  // when what it controls now is done
    return;
  }
  shard_->io->cancel(control_op_, send_op_);
}

void Transport::on_send_completed(Completion& completion) {
  raw_sending_ = stop_sending_ = false;
  if (state_ != State::open) {
    advance_closing();
    return;
  }
  const bool all = completion.result >= 0 && std::cmp_equal(completion.result, sending_bytes_);
  // The end of a handshake may start the owner's first send, which has not ended then.
  const bool owners = sending_;
  if (tls_ != nullptr) {
    if (!all) {
      tls_->send_failed();
    } else if (!tls_->sent()) {
      return;  // there is more of it
    }
  }
  if (owners && state_ == State::open) {
    send_ended(all);
    return;
  }
  finish_if_idle();
}

void Transport::send_ended(bool all) {
  sending_ = false;
  owner_->on_sent(all);
  finish_if_idle();
}

void Transport::finish_if_idle() {
  if (state_ != State::open || !finish_when_idle_ || sending_ || raw_sending_) return;
  finish_when_idle_ = false;
  finish_sending();
}

void Transport::finish_sending() {
  if (state_ != State::open) return;
  if (sending_ || raw_sending_ || control_op_.in_flight()) {
    finish_when_idle_ = true;
    return;
  }
  if (tls_ != nullptr && tls_->say_goodbye()) {
    finish_when_idle_ = true;  // the FIN follows the close_notify
    return;
  }
  shard_->io->shutdown(control_op_, socket_, core::ShutdownSide::send);
}

// --- control and death ---------------------------------------------------------------------------

void Transport::on_control_completed(Completion&) {
  if (close_started_) {
    on_close_completed();
    return;
  }
  if (state_ != State::open) {
    advance_closing();
    return;
  }
  if (finish_when_idle_ && !sending_) {
    finish_when_idle_ = false;
    finish_sending();
    if (control_op_.in_flight()) return;
  }
  if (stop_sending_) {
    stop_sending_ = false;
    shard_->io->cancel(control_op_, send_op_);
    return;
  }
  reconcile_receive();
}

void Transport::close() {
  if (state_ != State::open) return;
  state_ = State::closing;
  if (waits_for_buffers_) stop_waiting();
  if (tls_ != nullptr) tls_->stop();
  advance_closing();
}

void Transport::close_with_goodbye() {
  if (state_ == State::open && tls_ != nullptr) tls_->try_goodbye();
  close();
}

void Transport::advance_closing() {
  // One control operation serves all steps, so each completion comes here for the next one.
  if (control_op_.in_flight() || close_started_) return;
  if (receive_op_.in_flight() && !core::planted(core::PlantedBug::closed_in_flight)) {
    shard_->io->cancel(control_op_, receive_op_);
    return;
  }
  if (splice_from_ != nullptr) {
    shard_->io->cancel(control_op_, splice_from_->receive_op_);
    return;
  }
  if (send_op_.in_flight()) {
    shard_->io->cancel(control_op_, send_op_);
    return;
  }
  close_started_ = true;
  shard_->io->close(control_op_, socket_);
}

void Transport::on_close_completed() {
  if (core::planted(core::PlantedBug::closed_twice)) shard_->io->close_now(socket_);
  state_ = State::closed;
  socket_ = core::Socket::none;
  sending_ = false;
  tls_.reset();
  owner_->on_closed();
}

}  // namespace headrace::net
