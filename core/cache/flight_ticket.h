// One request's part in a flight: the asker's side of single flight (flight_desk.h).
//
// Threads:  made by the asker's shard; from ask to the desk's last word (`done`) the home's thread
//           reads the key and owns what stands below the line. The two hand it to each other by
//           messages, never at the same time.
// Lifetime: stays in place until the desk has said `done`.
#pragma once

#include <array>
#include <cstdint>

#include "core/cache/cache_key.h"
#include "core/intrusive_list.h"

namespace headrace::core {

struct Flight;

struct FlightTicket : ListHook<> {
  explicit FlightTicket(const CacheKey& wanted, std::uint32_t asker) : key(wanted), shard(asker) {
    key.scope = {scope.data(), wanted.scope.copy(scope.data(), scope.size())};
  }
  FlightTicket(const FlightTicket&) = delete;
  FlightTicket& operator=(const FlightTicket&) = delete;

  CacheKey key;
  std::uint32_t shard;  // the asker's
  // --- the desk's --------------------------------------------------------------------------------
  Flight* flight = nullptr;

 private:
  std::array<char, kCacheScopeBytesMax> scope;
};

}  // namespace headrace::core
