// Transports whose receive ended for want of a buffer (ENOBUFS). They are re-armed, oldest first
// and a few a turn, once leases have come back. Belongs to one shard.
//
// Large buffers are few, so that they stay in the caches: under load they are all leased for a
// moment, again and again. Who wants one waits for it, because a large answer in small pieces costs
// several times as much. Only where none has come back for kBulkPatience do slow readers hold them:
// then those who wait settle for small ones.
#pragma once

#include <chrono>
#include <cstddef>

#include "core/intrusive_list.h"
#include "core/timer_wheel.h"

namespace headrace::net {

class Transport;
struct StarvedListTag;

class StarvedTransports {
 public:
  static constexpr std::size_t kRetriesPerTurn = 64;
  static constexpr core::Duration kBulkPatience = std::chrono::milliseconds(1);

  explicit StarvedTransports(core::TimerWheel& timers);
  ~StarvedTransports();
  StarvedTransports(const StarvedTransports&) = delete;
  StarvedTransports& operator=(const StarvedTransports&) = delete;

  void add(Transport& transport);
  void add_for_bulk(Transport& transport, core::Instant now);
  static void remove(Transport& transport);
  [[nodiscard]] bool empty() const { return waiting_.empty() && waiting_for_bulk_.empty(); }
  // Once a turn, with the buffers that are free. True: some who could go on are left for the next
  // turn.
  bool retry(std::size_t small_free, std::size_t bulk_free, core::Instant now);

 private:
  void on_patience_over();

  core::TimerWheel& timers_;
  core::Timer patience_;
  core::IntrusiveList<Transport, StarvedListTag> waiting_;
  core::IntrusiveList<Transport, StarvedListTag> waiting_for_bulk_;
};

}  // namespace headrace::net
