// TLS between a Transport and its owner: drives the engine of net/tls with what the transport
// receives and sends what the engine produces.
//
// Received records are decrypted where they lie and handed on in the same buffer, or straight into
// the owner's memory where he wants them there; a record that came in several buffers is handed on
// in the memory that it was put together in. What the owner sends is encrypted into one block and
// sent from there.
//
// No block, no turn, no signature yet: it waits for it (net/edge/tls_waiting.h) and goes on; its
// owner notices nothing but time.
//
// Threads: one shard.  Lifetime: belongs to its Transport, from start_tls_*() to on_closed().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include <sys/uio.h>

#include "core/buffer_lease.h"
#include "core/intrusive_list.h"
#include "net/edge/lease_queue.h"
#include "net/edge/transport.h"
#include "net/tls/session.h"

namespace headrace::net {

struct TlsWaitTag;

class TlsLayer : public core::ListHook<TlsWaitTag> {
 public:
  static constexpr std::uint32_t kNoSignature = UINT32_MAX;
  // Received buffers that wait while a handshake cannot go on: a flight of the other side's, and
  // what it sends ahead of our answer. Who sends more than that is not waiting for it.
  static constexpr std::size_t kWaitingMax = 16;

  TlsLayer(Transport& transport, tls::Session session);

  // The first flight of the side that connects.
  void start();
  void received(core::BufferLease ciphertext);
  // The owner's bytes: encrypted and sent a block at a time.
  void send(std::span<const std::span<const std::byte>> slices);
  // Of the owner's bytes some are not encrypted yet.
  [[nodiscard]] bool any_left() const { return plain_first_ < plain_count_; }
  // What was being sent is sent. True: nothing of the owner's is left.
  bool sent();
  // What was being sent did not get out whole: nothing further can follow it.
  void send_failed();
  // close_notify: true when it is being sent, and finish_sending() comes again after it.
  bool say_goodbye();
  // The same before the connection closes: at once, or not at all.
  void try_goodbye();
  // The transport closes: nothing is waited for any more.
  void stop();
  // What the end of the stream means to TLS.
  PeerEnd peer_ended(PeerEnd end);

  [[nodiscard]] bool handshaking() const { return handshaking_; }
  [[nodiscard]] const tls::Session& session() const { return session_; }
  [[nodiscard]] std::vector<std::string> take_client_names() {
    return session_.take_client_names();
  }

  // --- for TlsWaiting ---------------------------------------------------------------------------
  void go_on();
  void keep_signature(std::unique_ptr<tls::KeyOperation> operation) {
    operation_ = std::move(operation);
  }
  [[nodiscard]] std::unique_ptr<tls::KeyOperation> take_signature() {
    return std::move(operation_);
  }
  void set_signature_slot(std::uint32_t slot) { signature_slot_ = slot; }
  [[nodiscard]] std::uint32_t signature_slot() const { return signature_slot_; }

 private:
  [[nodiscard]] bool waits() const { return linked() || signature_slot_ != kNoSignature; }
  [[nodiscard]] bool take_block();
  void send_block(std::size_t bytes);
  void advance();
  void step();
  void read_waiting();
  void read(core::BufferLease lease, std::span<std::byte> received);
  void send_step();
  [[nodiscard]] bool owes_goodbye() const;
  void say_last_word();
  bool send_last_word();
  void fail();

  Transport& transport_;
  tls::Session session_;
  core::BufferLease block_;                       // ciphertext on its way
  LeaseQueue waiting_;                            // received while the handshake cannot go on
  std::unique_ptr<tls::KeyOperation> operation_;  // signed, or not yet taken by the attendant
  std::array<iovec, Transport::kSlicesMax> plain_{};
  std::uint32_t plain_count_ = 0;
  std::uint32_t plain_first_ = 0;
  std::uint32_t signature_slot_ = kNoSignature;  // under way
  bool handshaking_ = true;
  bool steps_by_itself_ = false;  // the next step of the handshake needs nothing received
  bool send_lost_ = false;        // the owner is yet to hear that his bytes cannot be sent
  bool goodbye_said_ = false;
};

}  // namespace headrace::net
