#include "tools/headracectl/node_region.h"

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/config_banks.h"
#include "tests/core/small_region.h"
#include "tests/core/temporary_folder.h"
#include "tests/policy/config/no_secrets.h"

namespace headrace::tools::ctl {
namespace {

namespace config = policy::config;

std::vector<std::byte> base_with_tenant(std::string_view name) {
  config::NoSecrets secrets;
  const config::MasterKey key = config::MasterKey::parse(std::string(64, '5')).value();
  const std::string text = fmt::format(
      "listeners: [{{address: \"127.0.0.1:8080\"}}]\n"
      "providers: [{{name: own, dialect: openai, url: \"https://own.example\", credential: abc}}]\n"
      "routes: [{{models: [m], targets: [{{provider: own}}]}}]\n"
      "keys: [{{name: k, key: key-0123456789-0123, tenant: {0}}}]\n"
      "tenants: [{{name: {0}}}]\n",
      name);
  auto base = config::compile(text, "test.yaml", secrets, key);
  if (!base) {
    for (const config::ConfigError& error : base.error())
      ADD_FAILURE() << config::error_text(error);
  }
  return std::move(base.value());
}

// The region of a data plane, which publishes its configs there.
class NodeRegionTest : public testing::Test {
 protected:
  void publish(std::string_view tenant) {
    const std::vector<std::byte> base = base_with_tenant(tenant);
    core::ConfigBanks banks(region_);
    ASSERT_LE(base.size(), banks.next_bank().size());
    std::memcpy(banks.next_bank().data(), base.data(), base.size());
    banks.publish(base.size());
  }
  static core::RegionGeometry geometry() {
    core::RegionGeometry geometry = core::small_geometry();
    geometry.config_bank_bytes = 1 << 20;
    return geometry;
  }

  core::TemporaryFolder folder_;
  std::string path_ = folder_.file("region");
  core::SharedRegion region_ = core::SharedRegion::open(path_, geometry(), core::kNow, 7).value();
};

TEST_F(NodeRegionTest, HasNoConfigBeforeADataPlaneHasPutOneThere) {
  auto node = NodeRegion::open(path_);
  ASSERT_TRUE(node) << node.error();
  EXPECT_FALSE(node->config());
}

TEST_F(NodeRegionTest, ItsConfigStaysWhatItWasWhereADataPlaneWritesOthersOverIt) {
  auto node = NodeRegion::open(path_);
  ASSERT_TRUE(node) << node.error();
  publish("tenant-of-the-first");
  const auto view = node->config();
  ASSERT_TRUE(view) << view.error();
  EXPECT_NE(view->scopes().find_tenant("tenant-of-the-first"), nullptr);
  // The second reload takes the memory of the first.
  publish("tenant-in-between-x");
  publish("tenant-of-the-third");
  EXPECT_NE(view->scopes().find_tenant("tenant-of-the-first"), nullptr);
  EXPECT_EQ(view->scopes().find_tenant("tenant-of-the-third"), nullptr);
  const auto now = node->config();
  ASSERT_TRUE(now) << now.error();
  EXPECT_NE(now->scopes().find_tenant("tenant-of-the-third"), nullptr);
}

}  // namespace
}  // namespace headrace::tools::ctl
