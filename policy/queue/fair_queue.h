// Whose turn it is, of those who wait for one spent limit: tenants are served in proportion to
// their weights, requests of one tenant in the order in which they came.
//
// Start-time fair queueing: P. Goyal, H. M. Vin, H. Cheng, "Start-time Fair Queuing: A Scheduling
// Algorithm for Integrated Services Packet Switching Networks", SIGCOMM 1996.
//
//   tenant   weight   start   waiting
//   acme        3       12    a4 a5 a6      the lowest start is next: a4. Then acme's start
//   bravo       1       15    b2            grows by cost / weight, and others come before it
//   ( carl      1       14    -         )   has nobody waiting, but is not forgotten yet
//
//   virtual time: the start of what was called last. Who comes newly begins there: by not asking
//   nobody saves anything up, and nobody loses it.
//
// So over any stretch in which two tenants have somebody waiting, what each gets of the limit,
// divided by its weight, differs by at most the largest cost of each divided by its weight (their
// theorem 1); nobody starves, because every turn raises virtual time towards whoever waits.
//
// One is called at a time, and is then served(), put_back() or leaves: whether the limit has room
// for it is known only once it was asked.
//
// Threads:    one shard.
// Lifetime:   before it dies nobody may wait. The flows outlive it.
// Bounds:     entries are those who wait; flows come from a pool. Never allocates. call() and
//             leave() take constant time but for finding a tenant's place: tenants at most.
// Invariants: a flow with somebody waiting stands in order of its start, all others are idle.
#pragma once

#include <cstdint>

#include "policy/queue/fair_flow.h"

namespace headrace::policy {

// The largest weight of a tenant, and what virtual time counts in.
inline constexpr std::uint64_t kFairWeightMax = 1000;
// Larger costs count as this one.
inline constexpr std::uint64_t kFairCostMax = std::uint64_t{1} << 32U;

class FairQueue {
 public:
  explicit FairQueue(FairFlows& flows) : flows_(flows) {}
  FairQueue(const FairQueue&) = delete;
  FairQueue& operator=(const FairQueue&) = delete;
  ~FairQueue();

  // A weight that has changed counts from now on. False: more tenants wait than there may.
  [[nodiscard]] bool join(FairEntry& entry, std::uint64_t tenant, std::uint64_t weight,
                          std::uint64_t cost);
  // Whose turn it is now; null: nobody waits. It does not wait any more.
  [[nodiscard]] FairEntry* call();
  // The one that was called has had its turn.
  void served();
  // It could not use it: it waits again, first of its tenant, as if it had not been called.
  void put_back();
  // One that waits or was called no longer wants its turn.
  void leave(FairEntry& entry);

  // Nobody waits any more: whoever comes next finds all tenants equal.
  void end_busy_period();

  // How much of the limit goes to others before somebody of that tenant would have his turn.
  [[nodiscard]] std::uint64_t cost_ahead(std::uint64_t tenant, std::uint64_t weight);

  [[nodiscard]] FairEntry* called() const { return called_; }
  [[nodiscard]] std::uint32_t waiting() const { return waiting_; }
  // Nobody waits, nobody was called.
  [[nodiscard]] bool empty() const { return waiting_ == 0 && called_ == nullptr; }

 private:
  FairFlow* flow_of(std::uint64_t tenant);
  void put_in_order(FairFlow& flow);
  void take_out_of_order(FairFlow& flow);
  void move(FairFlow& flow);
  void forget_one_idle();
  void rebase();

  FairFlows& flows_;
  FairFlow* first_ = nullptr;  // in order
  FairFlow* last_ = nullptr;
  core::IntrusiveList<FairFlow, IdleFlowTag> idle_;  // who was idle first, first
  FairEntry* called_ = nullptr;
  std::uint64_t virtual_time_ = 0;
  std::uint32_t waiting_ = 0;
};

}  // namespace headrace::policy
