// What TLS connections of one shard wait for, each in the order in which they came:
//
//   a block      to encrypt into: all of them are on their way to slow readers
//   a turn       of the shard for a step of a handshake, which takes as long as dozens of requests
//   a signature  of a key too slow for a shard, made by the attendant
//
// Who waits for a block is served before newcomers, so that nobody waits for ever. A connection
// that dies meanwhile leaves; a signature under way then comes back to nobody.
//
// Threads: belongs to one shard.  Lifetime: outlives its connections, and the attendant's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/attendant.h"
#include "core/block_pool.h"
#include "core/intrusive_list.h"
#include "net/tls/key_operation.h"
#include "net/tls/signature_work.h"

namespace headrace::net {

class TlsLayer;
struct TlsWaitTag;

class TlsWaiting {
 public:
  // Steps of handshakes in one turn: the next ones wait until everybody else had their turn.
  static constexpr std::size_t kHandshakeStepsPerTurn = 1;
  static constexpr std::size_t kBlocksPerTurn = 64;
  // Signatures under way; further ones wait here.
  static constexpr std::size_t kSignaturesMax = 256;

  TlsWaiting(core::BlockPool& blocks, std::uint32_t shard_number);

  // Without one signatures are made on the shard.
  void attach(core::Attendant<tls::SignatureWork>& attendant) { attendant_ = &attendant; }

  // Empty: none is free, and the layer waits for one (TlsLayer::go_on()).
  [[nodiscard]] core::BufferLease take_block(TlsLayer& layer);
  // False: not in this turn, the layer waits.
  [[nodiscard]] bool take_step(TlsLayer& layer);
  // Called back in the next turn, before all others.
  void call_back(TlsLayer& layer);
  // Signs; the layer hears TlsLayer::on_signed(), but never within this call.
  void sign(TlsLayer& layer, std::unique_ptr<tls::KeyOperation> operation);
  // The layer waits for nothing any more.
  void leave(TlsLayer& layer);

  // Once a turn. True: more is to be done at once.
  bool on_turn();

  [[nodiscard]] bool any_waits_for_block() const { return !for_block_.empty(); }
  [[nodiscard]] bool any_waits_for_signer() const { return !for_signer_.empty(); }

 private:
  static constexpr std::uint32_t kNoSlot = UINT32_MAX;

  struct Signature {
    TlsLayer* layer = nullptr;  // null: nobody waits for it any more
    std::unique_ptr<tls::KeyOperation> operation;
    std::uint32_t next_free = kNoSlot;
  };

  void take_signatures();
  void start_signature(TlsLayer& layer, std::unique_ptr<tls::KeyOperation> operation);
  [[nodiscard]] bool blocks_free() const { return blocks_.in_use() < blocks_.capacity(); }

  core::BlockPool& blocks_;
  const std::uint32_t shard_number_;
  core::Attendant<tls::SignatureWork>* attendant_ = nullptr;
  core::IntrusiveList<TlsLayer, TlsWaitTag> for_block_;
  core::IntrusiveList<TlsLayer, TlsWaitTag> for_turn_;
  core::IntrusiveList<TlsLayer, TlsWaitTag> for_signer_;
  std::array<Signature, kSignaturesMax> signatures_;
  std::uint32_t first_free_ = 0;
  std::size_t steps_left_ = kHandshakeStepsPerTurn;
  bool serving_ = false;  // those who waited, not newcomers
};

}  // namespace headrace::net
