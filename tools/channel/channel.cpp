#include "tools/channel/channel.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include "core/check.h"

namespace headrace::tools {
namespace {

// Plaintext sealed for one send at most.
constexpr std::size_t kSealBytesMax = 256 * 1024;
constexpr std::size_t kHandshakeRoomBytes = 16 * 1024;

iovec slice_of(std::string_view text) {
  return {const_cast<char*>(text.data()), text.size()};
}

// Takes `bytes` from the front of the slices.
void consume(std::span<iovec> slices, std::size_t bytes) {
  for (iovec& slice : slices) {
    const std::size_t taken = std::min(bytes, slice.iov_len);
    slice.iov_base = static_cast<char*>(slice.iov_base) + taken;
    slice.iov_len -= taken;
    bytes -= taken;
  }
}

ChannelEnd end_of_error(int error) {
  return error == ECONNRESET || error == EPIPE ? ChannelEnd::reset : ChannelEnd::failed;
}

}  // namespace

Channel::Channel(core::Io& io, ChannelEvents& events) : io_(io), events_(events) {
  connect_.bind<&Channel::on_connected>(this);
  receive_.bind<&Channel::on_received>(this);
  send_.bind<&Channel::on_send_done>(this);
  shutdown_.bind<&Channel::on_ending_step>(this);
  cancel_receive_.bind<&Channel::on_ending_step>(this);
  cancel_send_.bind<&Channel::on_ending_step>(this);
  close_.bind<&Channel::on_socket_closed>(this);
}

void Channel::accept(core::Socket socket, const ServerTls& tls) {
  HEADRACE_CHECK(state_ == State::idle, "a channel was opened twice");
  socket_ = socket;
  server_ = true;
  secure_ = tls.context != nullptr;
  if (secure_) session_ = net::tls::Session::accept(tls.context, *tls.workspace);
  start();
}

int Channel::connect(const core::SocketAddress& address, const ClientTls& tls) {
  HEADRACE_CHECK(state_ == State::idle, "a channel was opened twice");
  const auto socket = io_.open_socket(address.family());
  if (!socket) return -socket.error();
  socket_ = *socket;
  server_ = false;
  secure_ = tls.context != nullptr;
  if (secure_) {
    session_ = net::tls::Session::connect(tls.context, *tls.workspace, tls.resumption);
  }
  state_ = State::connecting;
  io_.connect(connect_, socket_, address);
  return 0;
}

void Channel::start() {
  ended_ = finished_ = sending_ = false;
  error_number_ = 0;
  sealed_.clear();
  sealed_next_.clear();
  state_ = secure_ ? State::handshaking : State::open;
  reading_ = true;
  arm_reading();
  if (secure_ && !server_) {
    std::span<std::byte> nothing;
    take_handshake(nothing);
  } else if (!secure_) {
    events_.on_open();
  }
}

void Channel::on_connected(core::Completion& completion) {
  if (state_ == State::ending) return settle();
  if (completion.result < 0) {
    ended_ = false;
    return report_end(ChannelEnd::connect_failed, -completion.result);
  }
  start();
}

void Channel::arm_reading() {
  if (reading_ && !receive_.in_flight()) {
    io_.recv_multishot(receive_, socket_, core::BufferGroup::small);
  }
}

void Channel::pause_reading() {
  reading_ = false;
  if (receive_.in_flight() && !cancel_receive_.in_flight()) io_.cancel(cancel_receive_, receive_);
}

void Channel::resume_reading() {
  reading_ = true;
  if ((state_ == State::open || state_ == State::handshaking) && !ended_) arm_reading();
}

void Channel::on_received(core::Completion& completion) {
  if (state_ == State::ending) return settle();
  if (completion.result > 0) {
    const std::span<std::byte> bytes = completion.buffer.bytes();
    if (secure_) {
      take_ciphertext(bytes);
    } else {
      events_.on_bytes(bytes);
    }
  } else if (completion.result == 0) {
    const bool truncated = secure_ && session_.received_end() != net::tls::Failure::none && !ended_;
    report_end(truncated ? ChannelEnd::truncated : ChannelEnd::end_of_stream, 0);
  } else if (completion.result != -ENOBUFS && completion.result != -ECANCELED) {
    report_end(end_of_error(-completion.result), -completion.result);
  }
  // A multishot that ended for want of buffers, or was paused and resumed meanwhile, goes on.
  if (state_ == State::ending) return settle();
  if (!completion.more && !ended_) arm_reading();
}

void Channel::take_handshake(std::span<std::byte>& received) {
  for (;;) {
    const std::size_t filled = sealed_next_.size();
    sealed_next_.resize(filled + kHandshakeRoomBytes);
    const auto step =
        session_.handshake(received, std::span<std::byte>(sealed_next_).subspan(filled));
    sealed_next_.resize(filled + step.produced);
    if (step.status == net::tls::HandshakeStatus::wants_room) continue;
    if (step.status == net::tls::HandshakeStatus::wants_key_operation) {
      // A tool may block for the milliseconds that a large key takes.
      auto operation = session_.take_key_operation();
      operation->run();
      session_.complete_key_operation(std::move(operation));
      continue;
    }
    flush();
    if (step.status == net::tls::HandshakeStatus::failed) {
      report_end(ChannelEnd::tls_failed, 0);
    } else if (step.status == net::tls::HandshakeStatus::done) {
      state_ = State::open;
      events_.on_open();
    }
    return;
  }
}

void Channel::take_ciphertext(std::span<std::byte> received) {
  if (state_ == State::handshaking) take_handshake(received);
  while (state_ == State::open && !ended_) {
    const auto step = session_.read(received);
    switch (step.status) {
      case net::tls::ReadStatus::plaintext:
        events_.on_bytes(step.plaintext);
        break;
      case net::tls::ReadStatus::wants_ciphertext:
        return;
      case net::tls::ReadStatus::closed:
        return report_end(ChannelEnd::end_of_stream, 0);
      case net::tls::ReadStatus::failed:
        return report_end(ChannelEnd::tls_failed, 0);
    }
  }
}

void Channel::send(std::string_view first, std::string_view second) {
  HEADRACE_CHECK(state_ == State::open, "sent on a channel that is not open");
  HEADRACE_CHECK(!sending_ && !finished_, "sent while sending or after the end");
  sending_ = true;
  if (secure_) {
    unsealed_[0] = slice_of(first);
    unsealed_[1] = slice_of(second);
    seal();
  } else if (second.empty()) {
    send_bytes_ = first.size();
    io_.send(send_, socket_, std::as_bytes(std::span(first)));
  } else {
    send_bytes_ = first.size() + second.size();
    const iovec slices[2] = {slice_of(first), slice_of(second)};
    io_.send_vector(send_, socket_, slices);
  }
}

// Seals the next part of the owner's bytes.
void Channel::seal() {
  const std::size_t left = unsealed_[0].iov_len + unsealed_[1].iov_len;
  const std::size_t filled = sealed_next_.size();
  sealed_next_.resize(filled + net::tls::sealed_bytes_max(std::min(left, kSealBytesMax), 2) +
                      net::tls::kRoomBytesMin);
  const auto step = session_.write(unsealed_, std::span<std::byte>(sealed_next_).subspan(filled));
  sealed_next_.resize(filled + step.produced);
  consume(unsealed_, step.consumed);
  flush();
  if (step.failed) report_end(ChannelEnd::tls_failed, 0);
}

void Channel::flush() {
  if (send_.in_flight() || sealed_next_.empty()) return;
  std::swap(sealed_, sealed_next_);
  sealed_next_.clear();
  send_bytes_ = sealed_.size();
  io_.send(send_, socket_, sealed_);
}

void Channel::on_send_done(core::Completion& completion) {
  if (state_ == State::ending) return settle();
  if (completion.result < 0) {
    return report_end(end_of_error(-completion.result), -completion.result);
  }
  if (static_cast<std::size_t>(completion.result) < send_bytes_) {
    return report_end(ChannelEnd::reset, ECONNRESET);
  }
  if (secure_) {
    if (unsealed_[0].iov_len + unsealed_[1].iov_len > 0 && !ended_) return seal();
    flush();
    if (send_.in_flight()) return;
  }
  if (sending_) {
    sending_ = false;
    events_.on_sent();
  }
}

void Channel::finish() {
  HEADRACE_CHECK(!sending_, "finished while sending");
  if (state_ != State::open || finished_) return;
  finished_ = true;
  if (secure_) {
    const std::size_t filled = sealed_next_.size();
    sealed_next_.resize(filled + net::tls::kRoomBytesMin);
    const std::size_t produced = session_.close(std::span<std::byte>(sealed_next_).subspan(filled));
    sealed_next_.resize(filled + produced);
    flush();
  }
  io_.shutdown(shutdown_, socket_, core::ShutdownSide::send);
}

void Channel::abort(Ending ending) {
  if (state_ == State::idle || state_ == State::ending) return;
  if (ending == Ending::reset) {
    // The seam knows no resets, since no honest program wants one.
    const linger none{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(static_cast<int>(socket_), SOL_SOCKET, SO_LINGER, &none, sizeof none);
  }
  state_ = State::ending;
  reading_ = false;
  if (connect_.in_flight() && !cancel_send_.in_flight()) io_.cancel(cancel_send_, connect_);
  if (receive_.in_flight() && !cancel_receive_.in_flight()) io_.cancel(cancel_receive_, receive_);
  if (send_.in_flight() && !cancel_send_.in_flight()) io_.cancel(cancel_send_, send_);
  settle();
}

void Channel::report_end(ChannelEnd end, int error_number) {
  if (ended_) return;
  ended_ = true;
  error_number_ = error_number;
  events_.on_end(end);
}

void Channel::on_ending_step(core::Completion&) {
  if (state_ == State::ending) settle();
}

// Closes the socket once no operation uses it.
void Channel::settle() {
  if (state_ != State::ending || close_.in_flight()) return;
  for (const core::Op* op :
       {&connect_, &receive_, &send_, &shutdown_, &cancel_receive_, &cancel_send_}) {
    if (op->in_flight()) return;
  }
  io_.close(close_, socket_);
}

void Channel::on_socket_closed(core::Completion&) {
  socket_ = core::Socket::none;
  state_ = State::idle;
  events_.on_closed();
}

}  // namespace headrace::tools
