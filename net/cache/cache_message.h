// What shards say to each other about the cache, through the mailbox. `a` is a seat of the sender's
// or the receiver's (net/cache/flight_seat.h), `b` an entry with a hold on it, or a number.
#pragma once

#include <cstdint>

#include "core/cache/flight_desk.h"
#include "net/shard_message.h"

namespace headrace::net {

enum class CacheMessage : std::uint32_t {
  // To the home of a key
  ask = kCacheMessages,  // b: how many may wait
  leave,
  client_left,
  stored,  // b: the entry
  failed,
  alone,
  keep,  // b: the entry; no seat
  // To the shard of a seat: core::FlightWord
  word,  // b of a hit: the entry
};

constexpr std::uint32_t kind_of(CacheMessage message) {
  return static_cast<std::uint32_t>(message);
}
constexpr std::uint32_t kind_of(core::FlightWord word) {
  return kind_of(CacheMessage::word) + static_cast<std::uint32_t>(word);
}

}  // namespace headrace::net
