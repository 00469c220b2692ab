// What shards say to each other about queues, through the mailbox. `a` is a seat of the sender's or
// the receiver's (net/queue/queue_seat.h), `b` a time in nanoseconds.
#pragma once

#include <cstdint>

#include "net/shard_message.h"
#include "policy/queue/queue_desk.h"

namespace headrace::net {

enum class QueueMessage : std::uint32_t {
  // To the home of a limit
  ask = kQueueMessages,
  served,
  again,
  leave,
  given_back,  // b: the slot; no seat
  // To the shard of a seat: policy::QueueWord
  word,  // b of a refusal: how long it would have waited
};

constexpr std::uint32_t kind_of(QueueMessage message) {
  return static_cast<std::uint32_t>(message);
}
constexpr std::uint32_t kind_of(policy::QueueWord word) {
  return kind_of(QueueMessage::word) + static_cast<std::uint32_t>(word);
}

}  // namespace headrace::net
