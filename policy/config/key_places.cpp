#include "policy/config/key_places.h"

#include <algorithm>
#include <numeric>

#include "core/check.h"

namespace headrace::policy::config {
namespace {

class SeedSearch {
 public:
  explicit SeedSearch(std::span<const Sha256> digests)
      : seeds_(seeds_for(digests.size())), used_(digests.size()) {
    deal(digests);
  }

  std::vector<std::uint32_t> find() {
    std::vector<std::uint32_t> groups(seeds_.size());
    std::iota(groups.begin(), groups.end(), 0U);
    std::ranges::sort(groups, [this](std::uint32_t left, std::uint32_t right) {
      const std::size_t size = members(left).size();
      return size != members(right).size() ? size > members(right).size() : left < right;
    });
    for (const std::uint32_t group : groups) {
      while (!settle(members(group), seeds_[group])) {
        ++seeds_[group];
        HEADRACE_CHECK(seeds_[group] != 0, "no digest stands twice");
      }
    }
    return std::move(seeds_);
  }

 private:
  void deal(std::span<const Sha256> digests) {
    begins_.resize(seeds_.size() + 1);
    for (const Sha256& digest : digests)
      ++begins_[scaled(key_hash(digest), seeds_.size()) + std::size_t{1}];
    std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
    hashes_.resize(digests.size());
    std::vector<std::uint32_t> next = begins_;
    for (const Sha256& digest : digests) {
      const std::uint64_t hash = key_hash(digest);
      hashes_[next[scaled(hash, seeds_.size())]++] = hash;
    }
  }

  [[nodiscard]] std::span<const std::uint64_t> members(std::uint32_t group) const {
    return std::span(hashes_).subspan(begins_[group], begins_[group + 1] - begins_[group]);
  }

  // All of them, or none.
  bool settle(std::span<const std::uint64_t> members, std::uint32_t seed) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      const std::uint32_t place = key_place(members[i], seed, used_.size());
      if (!used_[place]) {
        used_[place] = true;
        continue;
      }
      while (i > 0)
        used_[key_place(members[--i], seed, used_.size())] = false;
      return false;
    }
    return true;
  }

  std::vector<std::uint32_t> seeds_;   // by group
  std::vector<std::uint32_t> begins_;  // by group, in hashes_
  std::vector<std::uint64_t> hashes_;  // by group, one behind the other
  std::vector<bool> used_;             // by row
};

}  // namespace

std::vector<std::uint32_t> find_seeds(std::span<const Sha256> digests) {
  return SeedSearch(digests).find();
}

}  // namespace headrace::policy::config
