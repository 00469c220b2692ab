// Where requests wait for spent limits: a fair queue (fair_queue.h) for each such limit, and who of
// it is called when.
//
//   ask --> refused    its turn would come after its deadline, or there is no room to wait
//     |
//     +---> (waits) --> turn --> served    it has what it wanted: the next one is called
//                         |
//                         +----> again     not enough has come back yet: it waits on, before all
//                                          others of its tenant, and says when there will be
//   leave, at any time
//
// Whoever asked says served() or leave() in the end, whatever it was told; then hears `done`, and
// its ticket is its own again. So words that cross each other on their way do no harm.
//
// Somebody is called at a moment, never because some time has passed: when he is the first to come
// (what was given back before nobody told us of), when the one before him was served, when the
// limit said that there would be enough, and when somebody gives back.
//
// Threads:  one, that of the desk's shard. Words go out through QueueHouse, which may carry them to
//           other shards.
// Time:     a parameter.
// Bounds:   queues_max limits waited for at a time, flows_max tenants in all of them together. How
//           many wait is bounded by the askers.
#pragma once

#include <cstdint>

#include "core/clock.h"
#include "core/slot_pool.h"
#include "policy/queue/fair_queue.h"
#include "policy/queue/queue_ticket.h"

namespace headrace::policy {

enum class QueueWord : std::uint8_t {
  turn,     // ask the limit now
  refused,  // do not wait
  done,     // the ticket is yours again
};

class QueueHouse {
 public:
  // `wait` with `refused`: how long it would have been.
  virtual void say(QueueTicket& to, QueueWord word, core::Duration wait) = 0;
  // How long until so much of the ticket's limit has come back, if nobody takes it.
  virtual core::Duration wait_for(const QueueTicket& ticket, std::uint64_t amount) = 0;

 protected:
  ~QueueHouse() = default;
};

struct QueueDeskLimits {
  std::uint32_t queues_max = 64;
  std::uint32_t flows_max = 1024;
};

// One limit that is waited for, or was: how fast its turns came is remembered as long as the place
// is not needed.
struct DeskQueue : core::ListHook<> {
  DeskQueue(std::uint64_t of, FairFlows& flows) : limit(of), fair(flows) {}

  std::uint64_t limit;
  FairQueue fair;
  core::Instant ready_at = core::kNever;  // then somebody is called
  bool given_back = false;                // while somebody had his turn
  core::Instant turned_at{};              // the last one was served, or the first one came
  core::Duration turn_length{};           // for each unit of the limit, on average; 0: not known
};

class QueueDesk {
 public:
  QueueDesk(QueueHouse& house, const QueueDeskLimits& limits);
  QueueDesk(const QueueDesk&) = delete;
  QueueDesk& operator=(const QueueDesk&) = delete;
  ~QueueDesk();

  void ask(QueueTicket& ticket, core::Instant now);
  void served(QueueTicket& ticket, core::Instant now);
  // `ready_at` of the ticket says when.
  void again(QueueTicket& ticket, core::Instant now);
  void leave(QueueTicket& ticket);
  // Something of a limit in that slot was given back.
  void given_back(std::uint32_t slot);
  // Calls whose time has come.
  void wake(core::Instant now);
  // kNever while nobody waits for a time.
  [[nodiscard]] core::Instant next_due() const { return next_due_; }

  [[nodiscard]] std::uint32_t waiting() const { return waiting_; }
  static std::size_t planned_bytes(const QueueDeskLimits& limits);

 private:
  [[nodiscard]] DeskQueue* queue_of(std::uint64_t limit, core::Instant now);
  [[nodiscard]] core::Duration expected_wait(DeskQueue& queue, const QueueTicket& ticket);
  void refuse(QueueTicket& ticket, core::Duration wait);
  void call_next(DeskQueue& queue);
  void wait_until(DeskQueue& queue, core::Instant when);
  void rest_if_empty(DeskQueue& queue);

  QueueHouse& house_;
  FairFlows flows_;
  core::SlotPool<DeskQueue> queues_;
  core::IntrusiveList<DeskQueue> busy_;
  core::IntrusiveList<DeskQueue> resting_;  // the one that was left first, first
  core::Instant next_due_ = core::kNever;
  std::uint32_t waiting_ = 0;  // those who were called included
};

}  // namespace headrace::policy
