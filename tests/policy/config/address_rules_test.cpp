#include "policy/config/address_rules.h"

#include <gtest/gtest.h>

namespace headrace::policy::config {
namespace {

struct Case {
  const char* ip;
  AddressClass address_class;
};
constexpr auto kPublic = AddressClass::public_address;
constexpr auto kLoopback = AddressClass::loopback;
constexpr auto kPrivate = AddressClass::private_network;
constexpr auto kForbidden = AddressClass::forbidden;

constexpr Case kCases[] = {
    {"1.1.1.1", kPublic},
    {"9.255.255.255", kPublic},
    {"10.0.0.0", kPrivate},
    {"10.255.255.255", kPrivate},
    {"11.0.0.0", kPublic},
    {"100.63.255.255", kPublic},
    {"100.64.0.0", kPrivate},
    {"100.100.100.200", kForbidden},
    {"100.127.255.255", kPrivate},
    {"100.128.0.0", kPublic},
    {"126.255.255.255", kPublic},
    {"127.0.0.1", kLoopback},
    {"127.255.255.255", kLoopback},
    {"128.0.0.0", kPublic},
    {"169.253.255.255", kPublic},
    {"169.254.0.0", kForbidden},
    {"169.254.169.254", kForbidden},
    {"169.255.0.0", kPublic},
    {"172.15.255.255", kPublic},
    {"172.16.0.0", kPrivate},
    {"172.31.255.255", kPrivate},
    {"172.32.0.0", kPublic},
    {"192.168.0.1", kPrivate},
    {"192.169.0.0", kPublic},
    {"0.0.0.0", kForbidden},
    {"0.1.2.3", kForbidden},
    {"223.255.255.255", kPublic},
    {"224.0.0.1", kForbidden},
    {"240.0.0.1", kForbidden},
    {"255.255.255.255", kForbidden},
    {"::", kForbidden},
    {"::1", kLoopback},
    {"::2", kForbidden},
    {"::127.0.0.1", kForbidden},
    {"::ffff:127.0.0.1", kLoopback},
    {"::ffff:169.254.169.254", kForbidden},
    {"::ffff:10.0.0.1", kPrivate},
    {"::ffff:1.1.1.1", kPublic},
    {"64:ff9b::169.254.169.254", kForbidden},
    {"64:ff9b::127.0.0.1", kLoopback},
    {"64:ff9b::1.1.1.1", kPublic},
    {"64:ff9b:1::1", kForbidden},
    {"2002:7f00:0001::1", kLoopback},
    {"2002:a9fe:a9fe::1", kForbidden},
    {"2002:0101:0101::1", kPublic},
    {"fc00::1", kPrivate},
    {"fdff::1", kPrivate},
    {"fd00:ec2::254", kForbidden},
    {"fe00::1", kForbidden},
    {"fe80::1", kForbidden},
    {"fec0::1", kForbidden},
    {"ff02::1", kForbidden},
    {"2001:0:4136::1", kForbidden},
    {"2001:db8::1", kForbidden},
    {"2001:4860:4860::8888", kPublic},
    {"1fff::1", kForbidden},
    {"3fff:ffff::1", kPublic},
    {"4000::1", kForbidden},
};

TEST(AddressRules, ClassifiesEveryRangeAtItsEdges) {
  for (const Case& one : kCases) {
    const auto address = core::SocketAddress::from_ip(one.ip, 443);
    ASSERT_TRUE(address) << one.ip;
    EXPECT_EQ(classify(*address), one.address_class) << one.ip;
  }
}

TEST(AddressRules, ForbidsWhatIsNoIpAddress) {
  EXPECT_EQ(classify(core::SocketAddress()), kForbidden);
  EXPECT_EQ(classify(*core::SocketAddress::parse("unix:/run/x.sock")), kForbidden);
}

TEST(AddressRules, PrivateOnesNeedTheSwitchAndForbiddenOnesNeverPass) {
  EXPECT_TRUE(may_connect(kPublic, false));
  EXPECT_FALSE(may_connect(kPrivate, false));
  EXPECT_FALSE(may_connect(kLoopback, false));
  EXPECT_FALSE(may_connect(kForbidden, false));
  EXPECT_TRUE(may_connect(kPublic, true));
  EXPECT_TRUE(may_connect(kPrivate, true));
  EXPECT_TRUE(may_connect(kLoopback, true));
  EXPECT_FALSE(may_connect(kForbidden, true));
}

}  // namespace
}  // namespace headrace::policy::config
