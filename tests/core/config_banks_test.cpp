#include "core/config_banks.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>

#include <gtest/gtest.h>

#include "core/shared_region.h"
#include "tests/core/small_region.h"

namespace headrace::core {
namespace {

class ConfigBanksInRegion : public testing::Test {
 protected:
  SharedRegion region = *SharedRegion::make_anonymous(small_geometry(), kNow, 5);
  ConfigBanks banks{region};

  std::uint64_t publish(const std::string& text) {
    std::memcpy(banks.next_bank().data(), text.data(), text.size());
    return banks.publish(text.size());
  }
  // A null span when there is none.
  std::span<const std::byte> base() {
    const auto current = banks.current();
    return current ? current->base : std::span<const std::byte>();
  }
  std::string current() {
    const std::span<const std::byte> bytes = base();
    if (bytes.data() == nullptr) return "(none)";
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

TEST_F(ConfigBanksInRegion, TheLastPublishedIsCurrent) {
  EXPECT_EQ(current(), "(none)");
  EXPECT_EQ(banks.generation(), 0U);
  EXPECT_EQ(publish("first"), 1U);
  EXPECT_EQ(current(), "first");
  EXPECT_EQ(publish("second, longer"), 2U);
  EXPECT_EQ(current(), "second, longer");
  EXPECT_EQ(publish("3"), 3U);
  EXPECT_EQ(current(), "3");
}

TEST_F(ConfigBanksInRegion, AReaderKeepsItsBankThroughTheNextPublish) {
  publish("first");
  const std::span<const std::byte> held = base();
  publish("other");
  EXPECT_EQ(std::memcmp(held.data(), "first", 5), 0);
}

TEST_F(ConfigBanksInRegion, WritingTheNextDoesNotDisturbTheCurrent) {
  publish("first");
  std::ranges::fill(banks.next_bank(), std::byte{'x'});
  EXPECT_EQ(current(), "first");
}

TEST_F(ConfigBanksInRegion, DamageIsFoundAndNotFollowed) {
  publish("first");
  region.config_bank(1)[2] ^= std::byte{1};
  EXPECT_EQ(current(), "(none)");
  region.config_bank(1)[2] ^= std::byte{1};
  EXPECT_EQ(current(), "first");
  region.config_directory().banks[1].bytes.store(UINT64_MAX);
  EXPECT_EQ(current(), "(none)");
  region.config_directory().banks[1].bytes.store(4);
  EXPECT_EQ(current(), "(none)");
  region.config_directory().banks[1].bytes.store(5);
  region.config_directory().generation.store(2);
  EXPECT_EQ(current(), "(none)") << "a bank that was never written";
}

using ConfigBanksInRegionDeathTest = ConfigBanksInRegion;

TEST_F(ConfigBanksInRegionDeathTest, TakesABaseAsLargeAsTheBank) {
  const std::string largest(small_geometry().config_bank_bytes, 'x');
  publish(largest);
  EXPECT_EQ(current(), largest);
  EXPECT_DEATH(banks.publish(largest.size() + 1), "bytes <= memory.size");
}

}  // namespace
}  // namespace headrace::core
