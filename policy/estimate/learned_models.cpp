#include "policy/estimate/learned_models.h"

#include <algorithm>

#include "core/hash.h"

namespace headrace::policy {

std::uint64_t LearnedModels::key_of(std::string_view provider, std::string_view model) {
  return core::hash64(model, core::hash64(provider)) | 1;
}

ModelHistory& LearnedModels::of(std::uint64_t key) {
  std::array<Entry, kWays>& set = sets_[(key >> 1) % kSets];
  auto entry = std::ranges::find(set, key, &Entry::key);
  if (entry == set.end()) {
    entry = std::ranges::min_element(set, {}, &Entry::asked);
    *entry = {};
    entry->key = key;
  }
  entry->asked = ++clock_;
  return entry->history;
}

}  // namespace headrace::policy
