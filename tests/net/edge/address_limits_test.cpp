#include "net/edge/address_limits.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace headrace::net {
namespace {

using Entered = AddressLimits::Entered;

PeerAddress peer(std::string_view ip) {
  return PeerAddress(core::SocketAddress::from_ip(ip, 1).value());
}

class AddressLimitsTest : public testing::Test {
 protected:
  AddressLimitsTest() { limits_.prepare(); }

  AddressLimits limits_{7};
  core::Instant now_ = core::Instant(std::chrono::hours(1));
};

TEST_F(AddressLimitsTest, HoldConnectionsToTheirNumber) {
  const AddressLimits::Limits two{.connections_max = 2};
  EXPECT_EQ(limits_.enter(peer("192.0.2.1"), two, now_), Entered::counted);
  EXPECT_EQ(limits_.enter(peer("192.0.2.1"), two, now_), Entered::counted);
  EXPECT_EQ(limits_.enter(peer("192.0.2.1"), two, now_), Entered::over);
  EXPECT_EQ(limits_.enter(peer("192.0.2.2"), two, now_), Entered::counted);
  limits_.leave(peer("192.0.2.1"));
  EXPECT_EQ(limits_.enter(peer("192.0.2.1"), two, now_), Entered::counted);
  now_ += std::chrono::hours(5);
  EXPECT_EQ(limits_.enter(peer("192.0.2.1"), two, now_), Entered::over) << "both are still open";
}

TEST_F(AddressLimitsTest, HoldNewOnesToTheirNumberAMinute) {
  const AddressLimits::Limits three{.opened_max = 3};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(limits_.enter(peer("192.0.2.1"), three, now_), Entered::counted);
    limits_.leave(peer("192.0.2.1"));
  }
  EXPECT_EQ(limits_.enter(peer("192.0.2.1"), three, now_), Entered::over);
  now_ += AddressLimits::kPeriod - core::Duration(1);
  EXPECT_EQ(limits_.enter(peer("192.0.2.1"), three, now_), Entered::over);
  now_ += core::Duration(1);
  EXPECT_EQ(limits_.enter(peer("192.0.2.1"), three, now_), Entered::counted);
}

TEST_F(AddressLimitsTest, SayWhenAnAddressHasRoomAgain) {
  const AddressLimits::Limits two{.connections_max = 1, .opened_max = 2};
  EXPECT_EQ(limits_.room_in(peer("192.0.2.1"), two, now_), std::nullopt);
  limits_.enter(peer("192.0.2.1"), two, now_);
  EXPECT_EQ(limits_.room_in(peer("192.0.2.1"), two, now_), std::nullopt)
      << "it is short of connections, which end some time";
  now_ += std::chrono::seconds(20);
  EXPECT_EQ(limits_.enter(peer("192.0.2.1"), two, now_), Entered::over);
  const auto wait = limits_.room_in(peer("192.0.2.1"), two, now_);
  EXPECT_EQ(wait, std::chrono::seconds(40));
  limits_.leave(peer("192.0.2.1"));
  now_ += wait.value_or(core::Duration(0)) - core::Duration(1);
  EXPECT_EQ(limits_.enter(peer("192.0.2.1"), two, now_), Entered::over);
  now_ += core::Duration(1);
  EXPECT_EQ(limits_.enter(peer("192.0.2.1"), two, now_), Entered::counted);
}

TEST_F(AddressLimitsTest, TakeANetworkOfIpv6ForOneClient) {
  const AddressLimits::Limits one{.connections_max = 1};
  EXPECT_EQ(limits_.enter(peer("2001:db8:0:1::1"), one, now_), Entered::counted);
  EXPECT_EQ(limits_.enter(peer("2001:db8:0:1:ffff::2"), one, now_), Entered::over);
  EXPECT_EQ(limits_.enter(peer("2001:db8:0:2::1"), one, now_), Entered::counted);
  EXPECT_EQ(limits_.enter(peer("::ffff:192.0.2.1"), one, now_), Entered::counted);
  EXPECT_EQ(limits_.enter(peer("192.0.2.1"), one, now_), Entered::over) << "the same, mapped";
}

TEST_F(AddressLimitsTest, CountNobodyWithoutLimitsOrAddress) {
  EXPECT_EQ(limits_.enter(peer("192.0.2.1"), {}, now_), Entered::uncounted);
  EXPECT_EQ(limits_.enter(PeerAddress(), {.connections_max = 1}, now_), Entered::uncounted);
}

// More addresses than there is room for: those that are counted stay counted, nobody is turned away
// for others, and room comes back.
TEST_F(AddressLimitsTest, AreBounded) {
  const AddressLimits::Limits one{.connections_max = 1};
  std::vector<std::string> counted;
  std::size_t uncounted = 0;
  for (int i = 0; i < 40'000; ++i) {
    const std::string ip = fmt::format("10.{}.{}.{}", i >> 16, i >> 8 & 255, i & 255);
    const Entered entered = limits_.enter(peer(ip), one, now_);
    ASSERT_NE(entered, Entered::over) << ip;
    if (entered == Entered::counted) {
      counted.push_back(ip);
    } else {
      ++uncounted;
    }
  }
  EXPECT_LE(counted.size(), AddressLimits::kEntries);
  EXPECT_GT(counted.size(), AddressLimits::kEntries * 9 / 10);
  EXPECT_GT(uncounted, 0U);
  for (const std::string& ip : counted) {
    EXPECT_EQ(limits_.enter(peer(ip), one, now_), Entered::over);
    limits_.leave(peer(ip));
  }
  now_ += AddressLimits::kPeriod;
  EXPECT_EQ(limits_.enter(peer("192.0.2.9"), one, now_), Entered::counted);
}

}  // namespace
}  // namespace headrace::net
