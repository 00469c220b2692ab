#include "net/edge/tls_layer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/check.h"
#include "net/shard_context.h"

namespace headrace::net {

TlsLayer::TlsLayer(Transport& transport, tls::Session session)
    : transport_(transport), session_(std::move(session)) {}

void Transport::start_tls_downstream(const std::shared_ptr<const tls::ServerContext>& context) {
  tls_ = std::make_unique<TlsLayer>(*this, tls::Session::accept(context, shard_->tls_workspace));
  want_receive(ReceiveMode::many);
}

void Transport::start_tls_upstream(const std::shared_ptr<const tls::ClientContext>& context,
                                   tls::ResumptionCache& resumption) {
  tls_ = std::make_unique<TlsLayer>(
      *this, tls::Session::connect(context, shard_->tls_workspace, &resumption));
  want_receive(ReceiveMode::many);
  tls_->start();
}

// --- blocks --------------------------------------------------------------------------------------

bool TlsLayer::take_block() {
  HEADRACE_CHECK(!block_, "one block is on its way at a time");
  block_ = transport_.shard_->tls_blocks.take();
  return static_cast<bool>(block_);
}

void TlsLayer::send_block(std::size_t bytes) {
  const std::span<const std::byte> slice(block_.data(), bytes);
  transport_.send_raw(std::span(&slice, 1), core::SendMore::no);
}

// --- handshake -----------------------------------------------------------------------------------

void TlsLayer::start() {
  std::span<std::byte> nothing;
  handshake(nothing);
}

void TlsLayer::handshake(std::span<std::byte>& received) {
  for (;;) {
    if (!take_block()) {
      fail();
      return;
    }
    const tls::HandshakeStep step = session_.handshake(received, block_.bytes());
    if (step.produced > 0) {
      send_block(step.produced);
    } else {
      block_.reset();
    }
    switch (step.status) {
      case tls::HandshakeStatus::done:
        handshaking_ = false;
        transport_.shard_->counters.add(ShardCount::tls_handshakes);
        transport_.owner_->on_handshake_done();
        return;
      case tls::HandshakeStatus::wants_ciphertext:
        return;
      case tls::HandshakeStatus::wants_room:
        wants_room_ = true;
        return;
      case tls::HandshakeStatus::wants_key_operation: {
        auto operation = session_.take_key_operation();
        operation->run();
        session_.complete_key_operation(std::move(operation));
        if (block_) {
          wants_room_ = true;
          return;
        }
        continue;
      }
      case tls::HandshakeStatus::failed:
        fail();
        return;
    }
  }
}

void TlsLayer::fail() {
  // The alert is worth a try: it tells the other side why. It goes before the connection does.
  if (!transport_.raw_sending_ && (block_ || take_block())) {
    const std::size_t bytes = session_.close(block_.bytes());
    if (bytes > 0) send_block(bytes);
  }
  transport_.owner_->on_handshake_failed();
}

// --- receiving -----------------------------------------------------------------------------------

void TlsLayer::received(core::BufferLease ciphertext) {
  std::span<std::byte> rest = ciphertext.bytes();
  if (handshaking_) {
    if (transport_.raw_sending_) {
      // Our side's flight is still leaving; what came waits for it. A peer that sends more than
      // one flight ahead is not following the protocol.
      if (waiting_) {
        fail();
        return;
      }
      waiting_ = std::move(ciphertext);
      return;
    }
    handshake(rest);
    if (handshaking_ || !transport_.is_open()) return;
  }
  if (!rest.empty()) read(std::move(ciphertext), rest);
}

// Decrypts what is there, in place; several records in one buffer are moved together.
void TlsLayer::read(core::BufferLease lease, std::span<std::byte> received) {
  std::byte* begin = nullptr;
  std::byte* end = nullptr;
  PeerEnd ended{};
  bool over = false;
  for (;;) {
    tls::ReadStep step = session_.read(received);
    if (step.status == tls::ReadStatus::wants_ciphertext) break;
    if (step.status != tls::ReadStatus::plaintext) {
      over = true;
      ended = step.status == tls::ReadStatus::closed ? PeerEnd::finished : PeerEnd::reset;
      break;
    }
    if (step.memory != nullptr) {
      HEADRACE_CHECK(begin == nullptr, "a record begun earlier comes before all others");
      deliver_copy(step.plaintext);
      if (!transport_.is_open()) return;
      continue;
    }
    if (begin == nullptr) {
      begin = end = step.plaintext.data();
    } else if (end != step.plaintext.data()) {
      std::memmove(end, step.plaintext.data(), step.plaintext.size());
    }
    end += step.plaintext.size();
  }
  if (begin != nullptr) {
    lease.narrow(static_cast<std::size_t>(begin - lease.data()),
                 static_cast<std::size_t>(end - begin));
    transport_.hand_on(std::move(lease));
  }
  if (over && transport_.is_open()) transport_.end_receive(ended);
}

// A record that came in several buffers was put together in memory of the engine's.
void TlsLayer::deliver_copy(std::span<const std::byte> plaintext) {
  while (!plaintext.empty() && transport_.is_open()) {
    core::BufferLease block = transport_.shard_->head_blocks.take();
    if (!block) {
      transport_.end_receive(PeerEnd::reset);
      return;
    }
    const std::size_t bytes = std::min(block.size(), plaintext.size());
    std::memcpy(block.data(), plaintext.data(), bytes);
    block.shrink(bytes);
    plaintext = plaintext.subspan(bytes);
    transport_.hand_on(std::move(block));
  }
}

PeerEnd TlsLayer::peer_ended(PeerEnd end) {
  if (end != PeerEnd::finished) return end;
  return session_.received_end() == tls::Failure::none ? PeerEnd::finished : PeerEnd::truncated;
}

// --- sending -------------------------------------------------------------------------------------

void TlsLayer::send(std::span<const std::span<const std::byte>> slices) {
  plain_count_ = slices.size();
  plain_first_ = 0;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    plain_[i] = {const_cast<std::byte*>(slices[i].data()), slices[i].size()};
  }
  // The last flight of the handshake may still be on its way.
  if (!transport_.raw_sending_) send_step();
}

void TlsLayer::send_step() {
  if (!take_block()) {
    transport_.end_receive(PeerEnd::reset);
    return;
  }
  const tls::WriteStep step = session_.write(
      std::span(plain_.data() + plain_first_, plain_count_ - plain_first_), block_.bytes());
  if (step.failed || step.produced == 0) {
    block_.reset();
    transport_.end_receive(PeerEnd::reset);
    return;
  }
  std::size_t consumed = step.consumed;
  while (plain_first_ < plain_count_ && consumed >= plain_[plain_first_].iov_len) {
    consumed -= plain_[plain_first_].iov_len;
    ++plain_first_;
  }
  if (consumed > 0) {
    iovec& slice = plain_[plain_first_];
    slice = {static_cast<std::byte*>(slice.iov_base) + consumed, slice.iov_len - consumed};
  }
  send_block(step.produced);
}

bool TlsLayer::sent() {
  block_.reset();
  if (handshaking_) {
    const bool again = std::exchange(wants_room_, false);
    if (waiting_) {
      received(std::move(waiting_));
    } else if (again) {
      start();
    }
    return true;
  }
  if (plain_first_ < plain_count_) {
    send_step();
    return false;
  }
  return true;
}

void TlsLayer::send_failed() {
  block_.reset();
  waiting_.reset();
  plain_first_ = plain_count_ = 0;
  goodbye_said_ = true;
  if (handshaking_) transport_.owner_->on_handshake_failed();
}

bool TlsLayer::say_goodbye() {
  if (handshaking_ || std::exchange(goodbye_said_, true) || !take_block()) return false;
  const std::size_t bytes = session_.close(block_.bytes());
  if (bytes == 0) {
    block_.reset();
    return false;
  }
  send_block(bytes);
  return true;
}

}  // namespace headrace::net
