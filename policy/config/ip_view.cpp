#include "policy/config/ip_view.h"

#include <bit>

#include "core/cidr.h"

namespace headrace::policy::config {

bool IpView::covered(std::uint32_t root, std::uint64_t high, std::uint64_t low) const {
  std::uint32_t at = root;
  for (unsigned level = 0; level < kIpLevelsMax; ++level) {
    const IpNode& node = nodes_[at];
    const std::uint64_t branch = std::uint64_t{1} << (high >> (64 - kIpStrideBits));
    if ((node.children & branch) == 0) return (node.covered & branch) != 0;
    at = node.first_child + static_cast<std::uint32_t>(std::popcount(node.children & (branch - 1)));
    high = high << kIpStrideBits | low >> (64 - kIpStrideBits);
    low <<= kIpStrideBits;
  }
  return false;
}

bool IpView::contains(RowRef set, const core::SocketAddress& address) const {
  if (set.none()) return true;
  const auto bits = core::ip_bits(address);
  if (!bits) return false;
  const IpSet& row = sets_[set.row()];
  return covered(bits->ipv4 ? row.ipv4_root : row.ipv6_root, bits->high, bits->low);
}

}  // namespace headrace::policy::config
