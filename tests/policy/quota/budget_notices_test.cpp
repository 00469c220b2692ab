#include "policy/quota/budget_notices.h"

#include <array>
#include <memory>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

TEST(BudgetNotices, SayEachShareOncePerWindow) {
  const auto notices = std::make_unique<BudgetNotices>();
  for (std::uint16_t window = 1; window < 4; ++window) {
    for (const std::uint8_t percent : std::array<std::uint8_t, 3>{50, 80, 95}) {
      EXPECT_TRUE(notices->is_new({.identity = 7, .window = window, .percent = percent}));
      EXPECT_FALSE(notices->is_new({.identity = 7, .window = window, .percent = percent}));
    }
    EXPECT_FALSE(notices->is_new({.identity = 7, .window = window, .percent = 50}));
  }
  EXPECT_TRUE(notices->is_new({.identity = 8, .window = 1, .percent = 50}));
}

}  // namespace
}  // namespace headrace::policy
