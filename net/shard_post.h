// What the same part of several shards says to each other (the cache, the queues): every message
// arrives, those of one sender in their order.
//
// What goes to another shard goes through the mailbox, and waits here while that has no room. What
// stays on the shard takes the same way, through a backlog that is worked off at the end of the
// turn: so nobody is called while he calls.
//
// Bounds:   planned at start for the most that there can be; more is a mistake of ours.
// Threads:  one shard.
// Lifetime: the mailbox outlives it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/mailbox.h"
#include "net/message_backlog.h"

namespace headrace::net {

struct ShardPostLimits {
  std::size_t own_max = 0;     // to this shard itself
  std::size_t unsent_max = 0;  // to others
};

class ShardPost {
 public:
  // `mailbox` may be null where there is one shard.
  ShardPost(const char* purpose, std::uint32_t shard, core::Mailbox* mailbox,
            const ShardPostLimits& limits)
      : shard_(shard),
        mailbox_(mailbox),
        own_(purpose, limits.own_max),
        unsent_(purpose, limits.unsent_max) {}

  static constexpr std::size_t planned_bytes(const ShardPostLimits& limits) {
    return (limits.own_max + limits.unsent_max) * sizeof(MessageBacklog::Entry);
  }

  void send(std::uint32_t to, const core::Message& message) {
    if (to == shard_) {
      own_.push(to, message);
    } else if (!unsent_.empty() || !mailbox_->post(to, message)) {
      unsent_.push(to, message);
    }
  }

  // To another shard, now or not at all: for what nobody waits for.
  [[nodiscard]] bool send_now(std::uint32_t to, const core::Message& message) {
    return mailbox_ != nullptr && unsent_.empty() && mailbox_->post(to, message);
  }

  // Once a turn: hands `receiver` what this shard has for itself, and others what had no room.
  // True: something was left over.
  template <class Receiver>
  bool work_off(Receiver& receiver) {
    for (std::size_t i = 0; i < kOwnMessagesPerTurn && !own_.empty(); ++i) {
      const core::Message message = own_.front().message;
      own_.pop();
      receiver.on_message(message);
    }
    while (!unsent_.empty() && mailbox_->post(unsent_.front().to, unsent_.front().message))
      unsent_.pop();
    return has_messages();
  }

  [[nodiscard]] bool has_messages() const { return !own_.empty() || !unsent_.empty(); }
  [[nodiscard]] bool has_own() const { return !own_.empty(); }

 private:
  static constexpr std::size_t kOwnMessagesPerTurn = 256;

  std::uint32_t shard_;
  core::Mailbox* mailbox_;
  MessageBacklog own_;
  MessageBacklog unsent_;
};

}  // namespace headrace::net
