// A provider's addresses, IPv4 and IPv6 alike: connections take them in turn. One that cannot be
// connected to rests for a while, as long as there is another; where all of them rest they are
// tried in turn all the same.
//
// Threads: one shard.  Bounds: kMax addresses; what is beyond is left out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/clock.h"
#include "core/socket_address.h"

namespace headrace::net {

class ProviderAddresses {
 public:
  static constexpr std::size_t kMax = 8;
  static constexpr core::Duration kRest = std::chrono::seconds(10);

  struct Choice {
    const core::SocketAddress* address = nullptr;  // null: none is known
    std::uint32_t mark = 0;      // says afterwards which one it was, also when the list has changed
    bool others_worthy = false;  // if it fails there is another to try
  };

  // The name means these now; one that was among them before keeps its rest.
  void set(std::span<const core::SocketAddress> addresses);
  // From here on this one is taken only while no other is worth a try.
  void drain(std::size_t index) { entries_[index].drains = true; }
  [[nodiscard]] bool empty() const { return count_ == 0; }

  [[nodiscard]] Choice choose(core::Instant now);
  // True: there is another one that is worth a try.
  bool failed(std::uint32_t mark, core::Instant now);
  void works(std::uint32_t mark);

 private:
  struct Entry {
    core::SocketAddress address;
    core::Instant rests_until{};
    bool drains = false;
  };
  [[nodiscard]] std::size_t worthy(core::Instant now, bool draining) const;
  [[nodiscard]] std::size_t worthy(core::Instant now) const {
    return worthy(now, false) + worthy(now, true);
  }
  Entry* entry(std::uint32_t mark);

  std::array<Entry, kMax> entries_;
  std::size_t count_ = 0;
  std::size_t next_ = 0;
  std::uint32_t list_ = 0;  // how often it was set
};

}  // namespace headrace::net
