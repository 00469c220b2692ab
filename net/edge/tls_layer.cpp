#include "net/edge/tls_layer.h"

#include <cstring>
#include <utility>

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/shard_context.h"
#include "net/tls/record_memory.h"

namespace headrace::net {

using core::planted;
using core::PlantedBug;

TlsLayer::TlsLayer(Transport& transport, tls::Session session)
    : transport_(transport), session_(std::move(session)) {}

void Transport::start_tls_downstream(const std::shared_ptr<const tls::ServerContext>& context,
                                     core::BufferLease received) {
  tls_ = std::make_unique<TlsLayer>(*this, tls::Session::accept(context, shard_->tls_workspace));
  want_receive(ReceiveMode::many);
  if (received && received.size() > 0) tls_->received(std::move(received));
}

void Transport::start_tls_upstream(const std::shared_ptr<const tls::ClientContext>& context,
                                   tls::ResumptionCache& resumption) {
  tls_ = std::make_unique<TlsLayer>(
      *this, tls::Session::connect(context, shard_->tls_workspace, &resumption));
  want_receive(ReceiveMode::many);
  tls_->start();
}

std::vector<std::string> Transport::take_client_names() {
  return tls_ == nullptr ? std::vector<std::string>() : tls_->take_client_names();
}

// --- blocks --------------------------------------------------------------------------------------

bool TlsLayer::take_block() {
  HEADRACE_CHECK(!block_, "one block is on its way at a time");
  block_ = transport_.shard_->tls_waiting.take_block(*this);
  return static_cast<bool>(block_);
}

void TlsLayer::send_block(std::size_t bytes) {
  const std::span<const std::byte> slice(block_.data(), bytes);
  transport_.send_raw(std::span(&slice, 1), core::SendMore::no);
  if (planted(PlantedBug::tls_block_let_go)) block_.reset();
}

// What was waited for has come.
void TlsLayer::go_on() {
  if (handshaking_) {
    advance();
  } else if (std::exchange(send_lost_, false)) {
    transport_.send_ended(false);
  } else if (any_left()) {
    send_step();
  } else {
    transport_.finish_if_idle();  // close_notify
  }
}

void TlsLayer::stop() {
  transport_.shard_->tls_waiting.leave(*this);
}

// --- handshake -----------------------------------------------------------------------------------

void TlsLayer::start() {
  steps_by_itself_ = true;
  advance();
}

// As far as the handshake gets with what is there.
void TlsLayer::advance() {
  while (handshaking_ && transport_.is_open()) {
    // One flight of ours leaves before the next is made.
    if (transport_.raw_sending_ || waits()) return;
    if (operation_ != nullptr && operation_->has_run()) {
      session_.complete_key_operation(std::move(operation_));
      steps_by_itself_ = true;
    }
    if (waiting_.empty() && !steps_by_itself_) return;
    if (!transport_.shard_->tls_waiting.take_step(*this) || !take_block()) return;
    step();
  }
}

void TlsLayer::step() {
  steps_by_itself_ = false;
  std::span<std::byte> received =
      waiting_.empty() ? std::span<std::byte>() : waiting_.front_bytes();
  const tls::HandshakeStep step = session_.handshake(received, block_.bytes());
  if (!waiting_.empty()) {
    received.empty() ? waiting_.pop_front().reset() : waiting_.keep_of_front(received);
  }
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
      read_waiting();
      return;
    case tls::HandshakeStatus::wants_ciphertext:
      return;
    case tls::HandshakeStatus::wants_room:
      steps_by_itself_ = true;
      return;
    case tls::HandshakeStatus::wants_key_operation:
      transport_.shard_->tls_waiting.sign(*this, session_.take_key_operation());
      return;
    case tls::HandshakeStatus::failed:
      fail();
      return;
  }
}

void TlsLayer::fail() {
  say_last_word();
  transport_.owner_->on_handshake_failed();
}

// An alert, or close_notify. Worth a try: it tells the other side why. It goes before the
// connection does.
void TlsLayer::say_last_word() {
  if (transport_.raw_sending_ || waits() || !(block_ || take_block())) return;
  send_last_word();
}

// False: there is nothing to say.
bool TlsLayer::send_last_word() {
  const std::size_t bytes = session_.close(block_.bytes());
  if (bytes == 0) {
    block_.reset();
    return false;
  }
  send_block(bytes);
  return true;
}

// --- receiving -----------------------------------------------------------------------------------

void TlsLayer::received(core::BufferLease ciphertext) {
  const std::span<std::byte> bytes = ciphertext.bytes();
  if (!handshaking_) {
    read(std::move(ciphertext), bytes);
    return;
  }
  if (waiting_.size() == kWaitingMax) {
    fail();
    return;
  }
  waiting_.push_back(std::move(ciphertext), bytes);
  advance();
}

// What came together with the end of the handshake, or behind it.
void TlsLayer::read_waiting() {
  if (planted(PlantedBug::tls_bytes_dropped)) waiting_.clear();
  while (!waiting_.empty() && transport_.is_open()) {
    const std::span<std::byte> bytes = waiting_.front_bytes();
    read(waiting_.pop_front(), bytes);
  }
}

// Decrypts what is there. Several records that stay in the buffer are moved together, so that they
// go on as one piece.
void TlsLayer::read(core::BufferLease lease, std::span<std::byte> received) {
  std::byte* begin = nullptr;
  std::byte* end = nullptr;
  PeerEnd ended{};
  bool over = false;
  for (;;) {
    const std::span<std::byte> into = begin == nullptr ? transport_.into_ : std::span<std::byte>();
    tls::ReadStep step = session_.read(received, into);
    if (step.status == tls::ReadStatus::wants_ciphertext) break;
    if (step.status != tls::ReadStatus::plaintext) {
      over = true;
      ended = step.status == tls::ReadStatus::closed ? PeerEnd::finished : PeerEnd::reset;
      break;
    }
    if (!into.empty() && step.plaintext.data() == into.data()) {
      transport_.hand_on_into(step.plaintext.size());
      if (!transport_.is_open()) return;
      continue;
    }
    if (step.memory != nullptr) {
      HEADRACE_CHECK(begin == nullptr, "a record begun earlier comes before all others");
      transport_.hand_on(tls::lend(std::move(step.memory), step.plaintext));
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
  if (!over || !transport_.is_open()) return;
  if (ended == PeerEnd::reset) say_last_word();
  transport_.end_receive(ended);
}

PeerEnd TlsLayer::peer_ended(PeerEnd end) {
  if (end != PeerEnd::finished || planted(PlantedBug::tls_cut_taken_as_end)) return end;
  return session_.received_end() == tls::Failure::none ? PeerEnd::finished : PeerEnd::truncated;
}

// --- sending -------------------------------------------------------------------------------------

void TlsLayer::send(std::span<const std::span<const std::byte>> slices) {
  plain_count_ = static_cast<std::uint32_t>(slices.size());
  plain_first_ = 0;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    plain_[i] = {const_cast<std::byte*>(slices[i].data()), slices[i].size()};
  }
  // The last flight of the handshake may still be on its way.
  if (!transport_.raw_sending_) {
    send_step();
  } else if (planted(PlantedBug::tls_write_forgotten)) {
    plain_count_ = 0;
  }
}

void TlsLayer::send_step() {
  if (!take_block()) return;
  const tls::WriteStep step = session_.write(
      std::span(plain_.data() + plain_first_, plain_count_ - plain_first_), block_.bytes());
  if (step.failed || step.produced == 0) {
    block_.reset();
    plain_first_ = plain_count_ = 0;
    // No send ends within the call that began it.
    send_lost_ = true;
    transport_.shard_->tls_waiting.call_back(*this);
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
    advance();
    return true;
  }
  if (any_left()) {
    send_step();
    return false;
  }
  return true;
}

void TlsLayer::send_failed() {
  block_.reset();
  waiting_.clear();
  plain_first_ = plain_count_ = 0;
  goodbye_said_ = true;
  if (handshaking_) transport_.owner_->on_handshake_failed();
}

bool TlsLayer::owes_goodbye() const {
  return !handshaking_ && !goodbye_said_ && !planted(PlantedBug::tls_goodbye_unsaid);
}

bool TlsLayer::say_goodbye() {
  if (!owes_goodbye()) return false;
  if (waits() || !take_block()) return true;
  goodbye_said_ = true;
  return send_last_word();
}

void TlsLayer::try_goodbye() {
  if (!owes_goodbye()) return;
  goodbye_said_ = true;
  say_last_word();
}

}  // namespace headrace::net
