#include "net/edge/starved_transports.h"

#include <algorithm>

#include "core/planted_bug.h"
#include "net/edge/transport.h"

namespace headrace::net {

StarvedTransports::StarvedTransports(core::TimerWheel& timers) : timers_(timers) {
  patience_.bind<&StarvedTransports::on_patience_over>(this);
}

StarvedTransports::~StarvedTransports() {
  timers_.disarm(patience_);
}

void StarvedTransports::add(Transport& transport) {
  waiting_.push_back(transport);
}

void StarvedTransports::add_for_bulk(Transport& transport, core::Instant now) {
  waiting_for_bulk_.push_back(transport);
  if (!patience_.armed()) timers_.arm(patience_, now + kBulkPatience);
}

void StarvedTransports::remove(Transport& transport) {
  static_cast<core::ListHook<StarvedListTag>&>(transport).unlink();
}

bool StarvedTransports::retry(std::size_t small_free, std::size_t bulk_free, core::Instant now) {
  // No more than there are buffers: in vain they would be tried again each turn.
  const std::size_t bulk_tries = std::min(bulk_free, kRetriesPerTurn);
  for (std::size_t i = 0; i < bulk_tries && !waiting_for_bulk_.empty(); ++i) {
    waiting_for_bulk_.pop_front()->retry_receive();
    timers_.arm(patience_, now + kBulkPatience);
  }
  if (waiting_for_bulk_.empty()) timers_.disarm(patience_);
  const std::size_t small_tries = std::min(small_free, kRetriesPerTurn);
  for (std::size_t i = 0; i < small_tries && !waiting_.empty(); ++i) {
    Transport* transport = waiting_.pop_front();
    if (core::planted(core::PlantedBug::starved_forgotten)) continue;
    transport->retry_receive();
  }
  return (bulk_free > 0 && !waiting_for_bulk_.empty()) || (small_free > 0 && !waiting_.empty());
}

void StarvedTransports::on_patience_over() {
  while (Transport* transport = waiting_for_bulk_.pop_front()) {
    transport->settle_for_small();
    waiting_.push_back(*transport);
  }
}

}  // namespace headrace::net
