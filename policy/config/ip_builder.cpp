#include "policy/config/ip_builder.h"

#include <array>
#include <bit>
#include <utility>

#include "core/check.h"

namespace headrace::policy::config {
namespace {

constexpr std::size_t kBranches = std::size_t{1} << kIpStrideBits;

template <class Row>
std::uint32_t count_of(const std::vector<Row>& rows) {
  return static_cast<std::uint32_t>(rows.size());
}

// The branch that six bits from `depth` levels down choose.
std::size_t branch_at(std::uint64_t high, std::uint64_t low, unsigned depth) {
  for (unsigned level = 0; level < depth; ++level) {
    high = high << kIpStrideBits | low >> (64 - kIpStrideBits);
    low <<= kIpStrideBits;
  }
  return high >> (64 - kIpStrideBits);
}

}  // namespace

void IpBuilder::add_list(std::string_view name, TextRef name_ref, RowRange texts,
                         std::vector<core::Cidr> networks) {
  list_indexes_.emplace(std::string(name), count_of(lists_));
  lists_.push_back({.name = name_ref, .networks = texts});
  networks_.push_back(std::move(networks));
}

RowRef IpBuilder::set(const std::vector<std::string_view>& lists) {
  if (lists.empty()) return {};
  std::string signature;
  for (const std::string_view list : lists)
    signature.append(list).append("\n");
  if (const auto known = sets_by_lists_.find(signature); known != sets_by_lists_.end()) {
    return known->second;
  }
  std::vector<Prefix> ipv4;
  std::vector<Prefix> ipv6;
  const std::uint32_t first_ref = count_of(list_refs_);
  for (const std::string_view name : lists) {
    const auto found = list_indexes_.find(name);
    HEADRACE_CHECK(found != list_indexes_.end());
    list_refs_.push_back(found->second);
    for (const core::Cidr& network : networks_[found->second]) {
      const core::IpBits bits = network.bits();
      (bits.ipv4 ? ipv4 : ipv6).push_back({bits.high, bits.low, network.prefix_bits()});
    }
  }
  const IpSet row{.lists = {first_ref, static_cast<std::uint32_t>(lists.size())},
                  .ipv4_root = add_tree(ipv4),
                  .ipv6_root = add_tree(ipv6)};
  const RowRef made = RowRef::to(count_of(sets_));
  sets_.push_back(row);
  sets_by_lists_.emplace(std::move(signature), made);
  return made;
}

std::uint32_t IpBuilder::add_tree(const std::vector<Prefix>& prefixes) {
  const std::uint32_t root = count_of(nodes_);
  nodes_.emplace_back();
  fill(root, 0, prefixes);
  return root;
}

void IpBuilder::fill(std::uint32_t node, unsigned depth, std::vector<Prefix> prefixes) {
  const unsigned end_bits = (depth + 1) * kIpStrideBits;
  IpNode row{};
  for (const Prefix& prefix : prefixes) {
    if (prefix.bits > end_bits) continue;
    const std::size_t first = branch_at(prefix.high, prefix.low, depth);
    const std::size_t count = std::size_t{1} << (end_bits - prefix.bits);
    for (std::size_t branch = first; branch < first + count; ++branch)
      row.covered |= std::uint64_t{1} << branch;
  }
  // What is longer and not covered yet goes on below.
  std::array<std::vector<Prefix>, kBranches> below;
  for (const Prefix& prefix : prefixes) {
    if (prefix.bits <= end_bits) continue;
    const std::size_t branch = branch_at(prefix.high, prefix.low, depth);
    if ((row.covered >> branch & 1) == 0) below[branch].push_back(prefix);
  }
  prefixes = {};
  row.first_child = count_of(nodes_);
  for (std::size_t branch = 0; branch < kBranches; ++branch) {
    if (below[branch].empty()) continue;
    row.children |= std::uint64_t{1} << branch;
    nodes_.emplace_back();
  }
  nodes_[node] = row;
  std::uint32_t child = row.first_child;
  for (std::vector<Prefix>& longer : below) {
    if (!longer.empty()) fill(child++, depth + 1, std::move(longer));
  }
}

void IpBuilder::finish(core::BlobBuilder& blob) {
  const auto add_table = [&]<class Row>(TableKind kind, const std::vector<Row>& rows) {
    blob.add_table(static_cast<std::uint32_t>(kind), kTableVersion, std::span<const Row>(rows));
  };
  add_table(TableKind::ip_nodes, nodes_);
  add_table(TableKind::ip_lists, lists_);
  add_table(TableKind::ip_list_refs, list_refs_);
  add_table(TableKind::ip_sets, sets_);
}

}  // namespace headrace::policy::config
