// Which shares of budgets were passed, so that each is said once for each of its windows, whatever
// comes back and is spent again meanwhile.
//
// A table of bounded size: of two that meet in one place the later one stays, and the other may be
// said again. After a restart each is said only if it is passed again.
//
// Threads: any; one for all shards.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace headrace::policy {

struct BudgetCrossing {
  std::uint64_t identity = 0;  // of the limit
  std::uint16_t window = 0;    // by number
  std::uint8_t percent = 0;
};

class BudgetNotices {
 public:
  // True once for each crossing.
  [[nodiscard]] bool is_new(const BudgetCrossing& crossing);

 private:
  static constexpr std::size_t kPlaces = 4096;

  std::array<std::atomic<std::uint64_t>, kPlaces> said_{};
};

}  // namespace headrace::policy
