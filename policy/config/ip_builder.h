// Lays out from where callers may come (ip_layout.h). A part of BaseBuilder.
//
// Threads: owned by one thread. Invariants: the same calls give the same bytes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base_blob.h"
#include "core/cidr.h"
#include "policy/config/base_layout.h"
#include "policy/config/string_heap.h"

namespace headrace::policy::config {

class IpBuilder {
 public:
  // First. `texts`: the same networks, in string_list.
  void add_list(std::string_view name, TextRef name_ref, RowRange texts,
                std::vector<core::Cidr> networks);
  // The set of these lists: a new one, or that of who names the same. None of no lists.
  RowRef set(const std::vector<std::string_view>& lists);
  // The tables; they must stay where they are until the blob is finished.
  void finish(core::BlobBuilder& blob);

 private:
  // Network bits from the left, and how many of them count.
  struct Prefix {
    std::uint64_t high;
    std::uint64_t low;
    unsigned bits;
  };
  std::uint32_t add_tree(const std::vector<Prefix>& prefixes);
  void fill(std::uint32_t node, unsigned depth, std::vector<Prefix> prefixes);

  TextMap<std::uint32_t> list_indexes_;
  TextMap<RowRef> sets_by_lists_;
  std::vector<std::vector<core::Cidr>> networks_;

  std::vector<IpNode> nodes_;
  std::vector<IpList> lists_;
  std::vector<std::uint32_t> list_refs_;
  std::vector<IpSet> sets_;
};

}  // namespace headrace::policy::config
