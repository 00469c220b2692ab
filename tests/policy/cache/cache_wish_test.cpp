#include "policy/cache/cache_wish.h"

#include <vector>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

struct Row {
  std::vector<std::string_view> own;
  std::vector<std::string_view> control;
  bool asks = false;
  bool refuses = false;
  bool refreshes = false;
  std::int64_t max_age_s = INT64_MAX;
  bool only = false;
};

TEST(CacheWish, ReadsBothFieldsAndTakesTheMoreCarefulOne) {
  const std::vector<Row> rows = {
      {.own = {}, .control = {}},
      {.own = {"on"}, .control = {}, .asks = true},
      {.own = {" ON\t"}, .control = {}, .asks = true},
      {.own = {"refresh"}, .control = {}, .asks = true, .refreshes = true},
      {.own = {"off"}, .control = {}, .refuses = true},
      {.own = {""}, .control = {}, .refuses = true},
      {.own = {"yes"}, .control = {}, .refuses = true},
      {.own = {"on, on"}, .control = {}, .refuses = true},
      {.own = {"on", "off"}, .control = {}, .refuses = true},
      {.own = {"on", "refresh"}, .control = {}, .asks = true, .refreshes = true},
      {.own = {}, .control = {"no-store"}, .refuses = true},
      {.own = {"on"}, .control = {"no-store"}, .refuses = true},
      {.own = {}, .control = {"no-cache"}, .refreshes = true},
      {.own = {"on"}, .control = {"No-Cache"}, .asks = true, .refreshes = true},
      {.own = {}, .control = {"max-age=60"}, .asks = true, .max_age_s = 60},
      {.own = {}, .control = {"max-age=60", "max-age=5"}, .asks = true, .max_age_s = 5},
      {.own = {}, .control = {"max-age=\"60\""}, .asks = true, .max_age_s = 60},
      {.own = {}, .control = {"max-age = 60"}, .asks = true, .max_age_s = 60},
      {.own = {}, .control = {"max-age=0"}, .refreshes = true, .max_age_s = 0},
      {.own = {}, .control = {"max-age=00"}, .refreshes = true, .max_age_s = 0},
      {.own = {}, .control = {"max-age=soon"}, .refreshes = true, .max_age_s = 0},
      {.own = {}, .control = {"max-age=-1"}, .refreshes = true, .max_age_s = 0},
      {.own = {}, .control = {"max-age"}, .refreshes = true, .max_age_s = 0},
      {.own = {}, .control = {"max-age=9999999999"}, .asks = true, .max_age_s = 9'999'999'999},
      {.own = {}, .control = {"max-age=99999999999999999999"}, .asks = true},
      {.own = {}, .control = {" , max-age=7,, x=y"}, .asks = true, .max_age_s = 7},
      {.own = {}, .control = {"max-age=7, no-store"}, .refuses = true, .max_age_s = 7},
      {.own = {}, .control = {"no-transform, max-stale, min-fresh=3"}},
      {.own = {}, .control = {"Only-If-Cached"}, .asks = true, .only = true},
      {.own = {},
       .control = {"max-age=7, only-if-cached"},
       .asks = true,
       .max_age_s = 7,
       .only = true},
      {.own = {"off"}, .control = {"only-if-cached"}, .refuses = true, .only = true},
      {.own = {},
       .control = {"no-cache, only-if-cached"},
       .asks = true,
       .refreshes = true,
       .only = true},
      {.own = {}, .control = {"only-if-cachedx"}},
      {.own = {}, .control = {"xmax-age=7"}},
      {.own = {}, .control = {","}},
      {.own = {}, .control = {""}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(testing::PrintToString(row.own) + testing::PrintToString(row.control));
    CacheWish wish;
    for (const std::string_view value : row.own)
      wish.read_own_field(value);
    for (const std::string_view value : row.control)
      wish.read_cache_control(value);
    EXPECT_EQ(wish.asks(), row.asks);
    EXPECT_EQ(wish.refuses(), row.refuses);
    EXPECT_EQ(wish.refreshes(), row.refreshes);
    EXPECT_EQ(wish.max_age_s(), row.max_age_s);
    EXPECT_EQ(wish.only_if_cached(), row.only);
  }
}

}  // namespace
}  // namespace headrace::policy
