// TLS between a Transport and its owner: drives the engine of net/tls with what the transport
// receives and sends what the engine produces.
//
// Received records are decrypted where they lie and handed on in the same buffer; what the owner
// sends is encrypted into one block and sent from there.
//
// Threads: one shard.  Lifetime: belongs to its Transport, from start_tls_*() to on_closed().
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include <sys/uio.h>

#include "core/buffer_lease.h"
#include "net/edge/transport.h"
#include "net/tls/session.h"

namespace headrace::net {

class TlsLayer {
 public:
  TlsLayer(Transport& transport, tls::Session session);

  // The first flight of the side that connects.
  void start();
  void received(core::BufferLease ciphertext);
  // The owner's bytes: encrypted and sent a block at a time.
  void send(std::span<const std::span<const std::byte>> slices);
  // What was being sent is sent. True: nothing of the owner's is left.
  bool sent();
  // What was being sent did not get out whole: nothing further can follow it.
  void send_failed();
  // close_notify: true when it is being sent now.
  bool say_goodbye();
  // What the end of the stream means to TLS.
  PeerEnd peer_ended(PeerEnd end);

  [[nodiscard]] bool handshaking() const { return handshaking_; }
  [[nodiscard]] const tls::Session& session() const { return session_; }

 private:
  [[nodiscard]] bool take_block();
  void send_block(std::size_t bytes);
  void handshake(std::span<std::byte>& received);
  void read(core::BufferLease lease, std::span<std::byte> received);
  void deliver_copy(std::span<const std::byte> plaintext);
  void send_step();
  void fail();

  Transport& transport_;
  tls::Session session_;
  core::BufferLease block_;    // ciphertext on its way
  core::BufferLease waiting_;  // received while the handshake waits for its own bytes to be sent
  std::array<iovec, Transport::kSlicesMax> plain_{};
  std::size_t plain_count_ = 0;
  std::size_t plain_first_ = 0;
  bool handshaking_ = true;
  bool wants_room_ = false;
  bool goodbye_said_ = false;
};

}  // namespace headrace::net
