#include "net/edge/starved_transports.h"

#include "core/planted_bug.h"
#include "net/edge/transport.h"

namespace headrace::net {

void StarvedTransports::add(Transport& transport) {
  waiting_.push_back(transport);
}

void StarvedTransports::remove(Transport& transport) {
  static_cast<core::ListHook<StarvedListTag>&>(transport).unlink();
}

bool StarvedTransports::retry() {
  for (std::size_t i = 0; i < kRetriesPerTurn; ++i) {
    Transport* transport = waiting_.pop_front();
    if (transport == nullptr) return false;
    if (core::planted(core::PlantedBug::starved_forgotten)) continue;
    transport->retry_receive();
  }
  return !waiting_.empty();
}

}  // namespace headrace::net
