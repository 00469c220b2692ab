// A shard's side of the queues for spent limits: seats of its requests, here or at another shard;
// and, for the limits whose home it is, the desk (policy/queue/queue_desk.h). So a limit has one
// queue in the process, whichever shards its requests come to, and tenants get their part of it
// over all shards.
//
//   this shard's request --ask/served/again/leave--> home of the limit     QueueDesk
//                        <----turn/refused/done-----
//   whoever gives back   --------given_back--------->
//
// Messages go by net/shard_post.h, so nobody is called while he calls.
//
// Threads:  one shard; ProcessQueues is shared.
// Lifetime: before it dies every seat must have been given back (quiet()).
// Bounds:   seats_max requests that wait at a time; others do not wait.
#pragma once

#include <cstdint>

#include "core/limits/credit_listener.h"
#include "core/mailbox.h"
#include "core/slot_pool.h"
#include "core/timer_wheel.h"
#include "net/queue/process_queues.h"
#include "net/queue/queue_message.h"
#include "net/queue/queue_seat.h"
#include "net/shard_post.h"
#include "policy/queue/queue_desk.h"

namespace headrace::net {

struct ShardContext;

struct ShardQueueLimits {
  std::uint32_t seats_max = 4096;
  policy::QueueDeskLimits desk;
};

// What is waited for, and by whom.
struct QueueQuestion {
  policy::ChainedLimit limit;
  std::uint64_t amount = 1;
  std::uint64_t tenant = 0;
  std::uint32_t weight = 1;
  core::Instant ready_at = core::kNever;  // as the limit said; kNever: it depends on others
  core::Instant deadline = core::kNever;
};

class ShardQueue final : public core::CreditListener, private policy::QueueHouse {
 public:
  // `mailbox` may be null where there is one shard. All outlive it.
  ShardQueue(ProcessQueues& process, ShardContext& shard, core::Mailbox* mailbox,
             const ShardQueueLimits& limits);
  ~ShardQueue();
  ShardQueue(const ShardQueue&) = delete;
  ShardQueue& operator=(const ShardQueue&) = delete;
  static std::size_t planned_bytes(const ShardQueueLimits& limits, std::uint32_t shards);

  // --- requests --------------------------------------------------------------------------------
  // Whoever comes now must wait behind somebody. Of a few limits that share a slot it may be
  // another one's.
  [[nodiscard]] bool anybody_waits(std::uint64_t limit) const {
    return process_.slots[policy::queue_slot(limit)].waiting.load(std::memory_order_relaxed) > 0;
  }
  // The user hears of it, never within this call. Null: as many wait as may.
  [[nodiscard]] QueueSeat* ask(const QueueQuestion& question, QueueUser& user);
  // The user is not called any more.
  void served(QueueSeat& seat);
  void leave(QueueSeat& seat);
  // It had its turn in vain.
  void again(QueueSeat& seat, core::Instant ready_at);
  // From the shard's limits: whoever waits for it, wherever, is told.
  void on_credit_back(std::uint64_t limit) override;

  // --- from the shard --------------------------------------------------------------------------
  void on_message(const core::Message& message);
  // True: something was left over for the next turn.
  bool on_turn() { return post_.work_off(*this); }

  [[nodiscard]] bool has_messages() const { return post_.has_messages(); }
  [[nodiscard]] bool quiet() const { return seats_.in_use() == 0 && !post_.has_own(); }
  [[nodiscard]] std::uint32_t seats() const { return seats_.in_use(); }
  [[nodiscard]] std::uint32_t waiting_at_desk() const { return desk_.waiting(); }

 private:
  // Of one seat, that may be under way at one time: to the desk, and from it.
  static constexpr std::size_t kMessagesPerSeat = 6;

  void say(policy::QueueTicket& to, policy::QueueWord word, core::Duration wait) override;
  core::Duration wait_for(const policy::QueueTicket& ticket, std::uint64_t amount) override;
  void post(std::uint32_t to, std::uint32_t kind, const void* seat, std::uint64_t b);
  void post_home(QueueSeat& seat, QueueMessage message);
  void hear(QueueSeat& seat, policy::QueueWord word, core::Duration wait);
  void on_due();
  void arm();

  ProcessQueues& process_;
  ShardContext& shard_;
  policy::QueueDesk desk_;
  core::SlotPool<QueueSeat> seats_;
  core::Timer due_;  // when the desk calls somebody
  ShardPost post_;
};

}  // namespace headrace::net
