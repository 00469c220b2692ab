// The histories of the models that a shard has seen, in a table of fixed size: who was asked for
// least lately makes room.
//
// Threads: one shard. Memory: about 100 KiB, taken at start.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "policy/estimate/model_history.h"

namespace headrace::policy {

class LearnedModels {
 public:
  // What a provider's model is known by. Not 0.
  [[nodiscard]] static std::uint64_t key_of(std::string_view provider, std::string_view model);
  // The history of that model, a new one where it is not known. Valid until the next call.
  [[nodiscard]] ModelHistory& of(std::uint64_t key);

 private:
  static constexpr std::size_t kSets = 64;
  static constexpr std::size_t kWays = 4;
  struct Entry {
    std::uint64_t key = 0;  // 0: empty
    std::uint64_t asked = 0;
    ModelHistory history;
  };
  std::array<std::array<Entry, kWays>, kSets> sets_;
  std::uint64_t clock_ = 0;
};

}  // namespace headrace::policy
