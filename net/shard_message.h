// The kinds of messages between shards (core/mailbox.h): each part of the data plane that sends any
// has a range of its own.
#pragma once

#include <cstdint>

namespace headrace::net {

inline constexpr std::uint32_t kCacheMessages = 0x100;  // net/cache/cache_message.h
inline constexpr std::uint32_t kQueueMessages = 0x200;  // net/queue/queue_message.h
inline constexpr std::uint32_t kMessageRange = 0x100;

constexpr bool is_in_range(std::uint32_t kind, std::uint32_t first) {
  return kind >= first && kind < first + kMessageRange;
}

}  // namespace headrace::net
