// Transports whose receive ended for want of a buffer (ENOBUFS). They are re-armed, oldest first
// and a few a turn, once leases have come back. Belongs to one shard.
#pragma once

#include <cstddef>

#include "core/intrusive_list.h"

namespace headrace::net {

class Transport;
struct StarvedListTag;

class StarvedTransports {
 public:
  static constexpr std::size_t kRetriesPerTurn = 64;

  void add(Transport& transport);
  static void remove(Transport& transport);
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  // Once a turn, while buffers are free. True: some are left for the next turn.
  bool retry();

 private:
  core::IntrusiveList<Transport, StarvedListTag> waiting_;
};

}  // namespace headrace::net
