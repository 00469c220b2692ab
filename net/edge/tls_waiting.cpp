#include "net/edge/tls_waiting.h"

#include <utility>

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/edge/tls_layer.h"

namespace headrace::net {

TlsWaiting::TlsWaiting(core::BlockPool& blocks, std::uint32_t shard_number)
    : blocks_(blocks), shard_number_(shard_number) {
  for (std::uint32_t slot = 0; slot + 1 < kSignaturesMax; ++slot)
    signatures_[slot].next_free = slot + 1;
}

core::BufferLease TlsWaiting::take_block(TlsLayer& layer) {
  if (for_block_.empty() || serving_) {
    if (core::BufferLease block = blocks_.take()) return block;
  }
  for_block_.push_back(layer);
  return {};
}

bool TlsWaiting::take_step(TlsLayer& layer) {
  if (steps_left_ > 0 && (for_turn_.empty() || serving_)) {
    --steps_left_;
    return true;
  }
  for_turn_.push_back(layer);
  return false;
}

void TlsWaiting::call_back(TlsLayer& layer) {
  for_turn_.push_front(layer);
}

void TlsWaiting::leave(TlsLayer& layer) {
  static_cast<core::ListHook<TlsWaitTag>&>(layer).unlink();
  const std::uint32_t slot = layer.signature_slot();
  if (slot != TlsLayer::kNoSignature) signatures_[slot].layer = nullptr;
}

bool TlsWaiting::on_turn() {
  steps_left_ = kHandshakeStepsPerTurn;
  if (attendant_ != nullptr && attendant_->unanswered(shard_number_) > 0) take_signatures();
  serving_ = true;
  for (std::size_t i = 0; i < kBlocksPerTurn && blocks_free(); ++i) {
    TlsLayer* layer = for_block_.pop_front();
    if (layer == nullptr) break;
    if (core::planted(core::PlantedBug::tls_block_wait_lost)) continue;
    layer->go_on();
  }
  while (steps_left_ > 0) {
    TlsLayer* layer = for_turn_.pop_front();
    if (layer == nullptr) break;
    layer->go_on();
  }
  serving_ = false;
  return !for_turn_.empty() || (!for_block_.empty() && blocks_free());
}

// --- signatures ----------------------------------------------------------------------------------

void TlsWaiting::sign(TlsLayer& layer, std::unique_ptr<tls::KeyOperation> operation) {
  if (attendant_ == nullptr) {
    operation->run();
    layer.keep_signature(std::move(operation));
    call_back(layer);
    return;
  }
  if (first_free_ == kNoSlot) {
    layer.keep_signature(std::move(operation));
    for_signer_.push_back(layer);
    return;
  }
  start_signature(layer, std::move(operation));
}

void TlsWaiting::start_signature(TlsLayer& layer, std::unique_ptr<tls::KeyOperation> operation) {
  const std::uint32_t slot = first_free_;
  Signature& signature = signatures_[slot];
  first_free_ = std::exchange(signature.next_free, kNoSlot);
  signature.layer = &layer;
  signature.operation = std::move(operation);
  layer.set_signature_slot(slot);
  HEADRACE_CHECK(
      attendant_->ask(shard_number_, {.operation = signature.operation.get(), .slot = slot}),
      "the attendant takes as many signatures as there are slots");
}

void TlsWaiting::take_signatures() {
  attendant_->take_replies(shard_number_, kSignaturesMax, [this](const tls::SignatureReply& reply) {
    Signature& signature = signatures_[reply.slot];
    TlsLayer* layer = std::exchange(signature.layer, nullptr);
    std::unique_ptr<tls::KeyOperation> operation = std::move(signature.operation);
    signature.next_free = std::exchange(first_free_, reply.slot);
    TlsLayer* next = for_signer_.pop_front();
    if (next != nullptr && !core::planted(core::PlantedBug::tls_signer_wait_lost)) {
      start_signature(*next, next->take_signature());
    }
    if (layer == nullptr) return;
    layer->set_signature_slot(TlsLayer::kNoSignature);
    layer->keep_signature(std::move(operation));
    if (!core::planted(core::PlantedBug::tls_signature_lost)) for_turn_.push_back(*layer);
  });
}

}  // namespace headrace::net
