#include "policy/quota/calendar_windows.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/policy/config/config_fixture.h"

namespace headrace::policy {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kNow = 1'800'000'000;  // 2027-01-15 08:00 UTC
constexpr std::int64_t kStep = 900;
constexpr int kZones = 40;  // more than there are places

std::string zone_name(int zone) {
  return fmt::format("Zone/N{}", zone);
}

// Tenant n lives n quarters of an hour east of Greenwich.
std::vector<std::byte> base_with_zones() {
  config::MapSource source = config::usual_source();
  std::string text =
      "listeners: [{address: \"127.0.0.1:8080\"}]\n"
      "providers: [{name: own, dialect: openai, url: \"https://own.example\", credential: abc}]\n"
      "routes: [{models: [m], targets: [{provider: own}]}]\n"
      "keys: [{name: k, key: key-0123456789-0123, tenant: t0}]\n"
      "tenants:\n";
  for (int zone = 0; zone < kZones; ++zone) {
    const auto offset = static_cast<std::int32_t>(zone * kStep);
    source.files[config::time_zone_file(zone_name(zone))] =
        config::zone_file_text({{.at = kNow - 1'000 * kDay, .type = 0}}, {offset});
    text += fmt::format("  - {{name: t{}, time_zone: {}}}\n", zone, zone_name(zone));
  }
  auto base = config::compile(text, "test.yaml", source, config::test_master_key());
  if (!base) ADD_FAILURE() << config::errors_text(base.error());
  return base ? std::move(*base) : std::vector<std::byte>();
}

TEST(CalendarWindows, OfEachZoneAreItsOwnHoweverManyThereAre) {
  const std::vector<std::byte> base = base_with_zones();
  const auto view = config::ConfigView::open(base);
  ASSERT_TRUE(view) << view.error();
  CalendarWindows windows;
  const core::WallTime now{.unix_nanos = kNow * kSecond};
  for (int round = 0; round < 2; ++round) {
    for (int zone = 0; zone < kZones; ++zone) {
      const auto* tenant = view->scopes().find_tenant(fmt::format("t{}", zone));
      ASSERT_NE(tenant, nullptr);
      const auto end = [&](core::CalendarPeriod period) {
        return windows.at(view->quota(), tenant->zone, period, now).ends.unix_nanos / kSecond;
      };
      const std::int64_t local = kNow + zone * kStep;
      EXPECT_EQ(end(core::CalendarPeriod::day), kNow + kDay - local % kDay) << zone;
      EXPECT_EQ(end(core::CalendarPeriod::month), 1'801'440'000 - zone * kStep) << zone;
    }
  }
}

}  // namespace
}  // namespace headrace::policy
