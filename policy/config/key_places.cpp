#include "policy/config/key_places.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "core/check.h"

namespace headrace::policy::config {
namespace {

constexpr std::size_t kSaltsMax = 8;

class SeedSearch {
 public:
  SeedSearch(std::span<const Sha256> digests, std::uint64_t salt)
      : seeds_(seeds_for(digests.size())), used_(digests.size()) {
    deal(digests, salt);
  }

  // Nothing where two of them have the same hash: one in 2^64 for each two.
  std::optional<std::vector<std::uint32_t>> find() {
    std::vector<std::uint32_t> groups(seeds_.size());
    std::iota(groups.begin(), groups.end(), 0U);
    std::ranges::sort(groups, [this](std::uint32_t left, std::uint32_t right) {
      const std::size_t size = members(left).size();
      return size != members(right).size() ? size > members(right).size() : left < right;
    });
    for (const std::uint32_t group : groups) {
      while (!settle(members(group), seeds_[group])) {
        if (++seeds_[group] > seeds_tried_max()) return std::nullopt;
      }
    }
    return std::move(seeds_);
  }

 private:
  void deal(std::span<const Sha256> digests, std::uint64_t salt) {
    begins_.resize(seeds_.size() + 1);
    std::vector<std::uint64_t> as_written;
    as_written.reserve(digests.size());
    for (const Sha256& digest : digests)
      as_written.push_back(key_hash(digest, salt));
    for (const std::uint64_t hash : as_written)
      ++begins_[scaled(hash, seeds_.size()) + std::size_t{1}];
    std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
    hashes_.resize(digests.size());
    std::vector<std::uint32_t> next = begins_;
    for (const std::uint64_t hash : as_written)
      hashes_[next[scaled(hash, seeds_.size())]++] = hash;
  }

  [[nodiscard]] std::span<const std::uint64_t> members(std::uint32_t group) const {
    return std::span(hashes_).subspan(begins_[group], begins_[group + 1] - begins_[group]);
  }

  // The last free row is found by one seed in as many as there are rows.
  [[nodiscard]] std::uint64_t seeds_tried_max() const {
    return std::min<std::uint64_t>(1024 + 64 * used_.size(), UINT32_MAX - 1);
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

KeySeeds find_seeds(std::span<const Sha256> digests) {
  std::uint64_t salt = core::hash64(std::as_bytes(digests));
  for (std::size_t tries = 0; tries < kSaltsMax; ++tries, ++salt) {
    if (auto seeds = SeedSearch(digests, salt).find()) {
      return {.salt = salt, .by_group = std::move(*seeds)};
    }
  }
  HEADRACE_CHECK(false, "a digest stands twice");
}

}  // namespace headrace::policy::config
