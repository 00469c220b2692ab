// From where callers may come, in an opened config base (ip_layout.h).
//
// Threads, lifetime: as ConfigView, of which it is a part. Invariants: judged by BaseJudge.
#pragma once

#include <cstdint>
#include <span>

#include "core/socket_address.h"
#include "policy/config/ip_layout.h"

namespace headrace::policy::config {

class IpView {
 public:
  [[nodiscard]] std::span<const IpList> lists() const { return lists_; }
  // Of a set; empty: nobody is kept out.
  [[nodiscard]] std::span<const std::uint32_t> lists(RowRef set) const {
    if (set.none()) return {};
    const RowRange range = sets_[set.row()].lists;
    return list_refs_.subspan(range.first, range.count);
  }
  // True where there is no set. What is no IP address (a Unix socket) is in none.
  [[nodiscard]] bool contains(RowRef set, const core::SocketAddress& address) const;

 private:
  friend class BaseJudge;

  [[nodiscard]] bool covered(std::uint32_t root, std::uint64_t high, std::uint64_t low) const;

  std::span<const IpNode> nodes_;
  std::span<const IpList> lists_;
  std::span<const std::uint32_t> list_refs_;
  std::span<const IpSet> sets_;
};

}  // namespace headrace::policy::config
