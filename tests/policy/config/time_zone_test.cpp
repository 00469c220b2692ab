#include "policy/config/time_zone.h"

#include <gtest/gtest.h>

#include "tests/policy/config/zone_file_text.h"

namespace headrace::policy::config {
namespace {

std::string berlin() {
  // A winter of long ago, the autumn of 2025, the spring of 2026.
  return zone_file_text({{.at = -2422054408, .type = 0},
                         {.at = 1761440400, .type = 0},
                         {.at = 1774746000, .type = 1}},
                        {3600, 7200});
}

TEST(TimeZone, SaysFromWhenWhichOffsetHolds) {
  const auto zone = parse_time_zone(berlin());
  ASSERT_TRUE(zone) << zone.error();
  ASSERT_EQ(zone->size(), 3U);
  EXPECT_EQ((*zone)[1].from_unix_seconds, 1761440400);
  EXPECT_EQ((*zone)[1].offset_seconds, 3600);
  EXPECT_EQ((*zone)[2].offset_seconds, 7200);
}

TEST(TimeZone, MayHaveNoTransitionAtAll) {
  const auto zone = parse_time_zone(zone_file_text({}, {-18000}));
  ASSERT_TRUE(zone) << zone.error();
  ASSERT_EQ(zone->size(), 1U);
  EXPECT_EQ((*zone)[0].offset_seconds, -18000);
}

TEST(TimeZone, RefusesWhatIsNotWhole) {
  const std::string file = berlin();
  std::size_t good = 0;
  for (std::size_t size = 0; size < file.size(); ++size) {
    const auto zone = parse_time_zone(std::string_view(file).substr(0, size));
    if (zone) ++good;
    EXPECT_TRUE(zone || !zone.error().empty());
  }
  // Only names and the rule for later years may be missing.
  EXPECT_LE(good, 16U);
}

TEST(TimeZone, RefusesWhatMakesNoSense) {
  EXPECT_FALSE(parse_time_zone(zone_file_text({{.at = 5, .type = 2}}, {0})));
  EXPECT_FALSE(parse_time_zone(zone_file_text({{.at = 5, .type = 0}, {.at = 4, .type = 0}}, {0})));
  EXPECT_FALSE(parse_time_zone(zone_file_text({}, {200'000})));
  EXPECT_FALSE(parse_time_zone(zone_file_text({}, {})));
  EXPECT_FALSE(parse_time_zone("TZif"));
}

TEST(TimeZone, NamesLeadNowhereElse) {
  EXPECT_TRUE(is_time_zone_name("Europe/Berlin"));
  EXPECT_FALSE(is_time_zone_name("../../etc/passwd"));
  EXPECT_FALSE(is_time_zone_name("/etc/passwd"));
  EXPECT_FALSE(is_time_zone_name(""));
}

}  // namespace
}  // namespace headrace::policy::config
