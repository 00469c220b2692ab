#include "core/units.h"

#include <type_traits>

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

// What must not compile.
static_assert(!std::is_convertible_v<std::int64_t, Tokens>);
static_assert(!std::is_convertible_v<Tokens, std::int64_t>);
static_assert(!std::is_constructible_v<Tokens, Bytes>);
static_assert(!std::is_constructible_v<MicroUsd, Tokens>);

TEST(Units, CountAndCompareWithTheirOwnKind) {
  Tokens spent(40);
  spent += Tokens(5) - Tokens(3);
  EXPECT_EQ(spent.count(), 42);
  EXPECT_EQ(spent + Tokens(-42), Tokens());
  EXPECT_LT(Tokens(41), spent);
}

}  // namespace
}  // namespace headrace::core
