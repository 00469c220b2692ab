// How many connections an address has open, and how many it has opened within a minute: so that one
// client cannot take the room, or the handshakes, of all.
//
// IPv4 addresses count one by one, IPv6 by their /64, which is what one customer is given. The
// table is bounded and in sets: where all of a set is in use by others a new address goes
// uncounted, rather than being turned away for what others do.
//
//   address --seeded hash--> set of 8 entries   [ address | since | open now | opened ]
//
// Threads: one shard.  Memory: half a megabyte, on shards with a listener that has limits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/clock.h"
#include "net/edge/peer_address.h"

namespace headrace::net {

class AddressLimits {
 public:
  static constexpr std::size_t kEntries = std::size_t{1} << 14U;
  static constexpr std::size_t kSetEntries = 8;
  static constexpr core::Duration kPeriod = std::chrono::minutes(1);

  struct Limits {
    std::uint64_t connections_max = 0;  // 0: any number
    std::uint64_t opened_max = 0;       // within kPeriod; 0: any number
    [[nodiscard]] bool any() const { return connections_max != 0 || opened_max != 0; }
  };
  enum class Entered : std::uint8_t { counted, uncounted, over };

  explicit AddressLimits(std::uint64_t seed) : seed_(seed) {}

  // Before the first one enters: the table's memory, where a listener has limits.
  void prepare() { entries_.resize(kEntries); }

  // A connection of this address; one that is `counted` leaves again, once. What is over counts
  // among those that were opened: who goes on trying goes on being over.
  Entered enter(const PeerAddress& address, const Limits& limits, core::Instant now);
  void leave(const PeerAddress& address);
  // Of an address that is over: when it has room for one more by the minute's number. Nothing where
  // that is not what it is short of: nobody knows when a connection ends.
  [[nodiscard]] std::optional<core::Duration> room_in(const PeerAddress& address,
                                                      const Limits& limits, core::Instant now);

 private:
  using Key = std::array<std::uint8_t, 16>;
  struct Entry {
    Key key{};
    core::Instant since{};     // when the period began
    std::uint32_t open = 0;    // connections
    std::uint32_t opened = 0;  // in the period
    [[nodiscard]] bool free(core::Instant now) const {
      return open == 0 && (opened == 0 || now - since >= kPeriod);
    }
  };

  static Key key_of(const PeerAddress& address);
  Entry* set_of(const Key& key);
  Entry* find(const Key& key, core::Instant now);  // null where it is not counted

  std::uint64_t seed_;
  std::vector<Entry> entries_;
};

}  // namespace headrace::net
