// The rows of a config base that say from where callers may come.
//
//   ip_lists ---> string_list      the networks of a list, as written
//      ^
//   ip_list_refs                   the lists that somebody names
//      ^
//   ip_sets -------------------> ip_nodes
//      ^                           what a set of lists covers, as a tree that six bits of an
//      address
//   listeners, tenants, rights     choose a branch of. Equal sets are kept once.
//
//      node   [ children: a bit for each branch that goes on | covered: a bit for each that does
//               not, and is in | first_child ]
//             the children of a node stand side by side: the place of one is the number of bits
//             before its own
//
// IPv4 has a tree of its own: 32 bits are at most six nodes, an IPv6 address at most 22. An IPv4
// address mapped into IPv6 is the IPv4 address that it is.
//
// Invariants: children stand behind their parents, so that every walk ends.
#pragma once

#include <cstddef>
#include <cstdint>

#include "policy/config/row_values.h"

namespace headrace::policy::config {

inline constexpr unsigned kIpStrideBits = 6;
inline constexpr unsigned kIpLevelsMax = 22;  // of 128 bits
// Of all lists together.
inline constexpr std::size_t kNetworksMax = 1'000'000;

struct IpNode {
  std::uint64_t children;
  std::uint64_t covered;
  std::uint32_t first_child;
  std::uint8_t reserved[4];
};

struct IpList {
  TextRef name;
  RowRange networks;  // in string_list
};
struct IpSet {
  RowRange lists;  // in ip_list_refs
  std::uint32_t ipv4_root;
  std::uint32_t ipv6_root;
};

}  // namespace headrace::policy::config
