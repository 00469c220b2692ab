#include "core/cidr.h"

#include <string>

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

SocketAddress address(const char* ip) {
  return *SocketAddress::from_ip(ip, 1234);
}

TEST(Cidr, MatchesExactlyItsRange) {
  const struct {
    const char* range;
    const char* ip;
    bool inside;
  } cases[] = {
      {"10.0.0.0/8", "10.0.0.0", true},
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/8", "9.255.255.255", false},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.128/25", "192.0.2.128", true},
      {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7/32", "192.0.2.6", false},
      {"0.0.0.0/0", "255.1.2.3", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"::/0", "2001:db8::1", true},
      {"2001:db8::/32", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true},
      {"2001:db8::/32", "2001:db9::", false},
      {"2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff", true},
      {"2001:db8::/64", "2001:db8:0:1::", false},
      {"2001:db8::/65", "2001:db8::7fff:ffff:ffff:ffff", true},
      {"2001:db8::/65", "2001:db8::8000:0:0:0", false},
      {"2001:db8::/63", "2001:db8:0:1::", true},
      {"2001:db8::/63", "2001:db8:0:2::", false},
      {"::1", "::1", true},
      {"::1/128", "::2", false},
      // As dual-stack sockets report IPv4.
      {"10.0.0.0/8", "::ffff:10.1.2.3", true},
      {"10.0.0.0/8", "::ffff:11.1.2.3", false},
      {"::ffff:10.0.0.0/104", "10.1.2.3", true},
      {"::ffff:10.0.0.0/104", "11.1.2.3", false},
      // Not mapped, merely similar.
      {"10.0.0.0/8", "::10.1.2.3", false},
  };
  for (const auto& test : cases) {
    const auto range = Cidr::parse(test.range);
    ASSERT_TRUE(range) << range.error();
    EXPECT_EQ(range->contains(address(test.ip)), test.inside) << test.range << " " << test.ip;
  }
}

// What tables of ranges are built from, and asked by.
TEST(Cidr, GivesTheBitsOfItsOwnFamily) {
  const struct {
    const char* range;
    IpBits bits;
    unsigned prefix_bits;
  } cases[] = {
      {"10.1.0.0/16", {.high = 0x0A01'0000'0000'0000, .low = 0, .ipv4 = true}, 16},
      {"0.0.0.0/0", {.high = 0, .low = 0, .ipv4 = true}, 0},
      {"::ffff:10.1.0.0/112", {.high = 0x0A01'0000'0000'0000, .low = 0, .ipv4 = true}, 16},
      {"::/0", {.high = 0, .low = 0, .ipv4 = false}, 0},
      // Wider than all of mapped IPv4.
      {"::/90", {.high = 0, .low = 0, .ipv4 = false}, 90},
      {"2001:db8::8000:0:0:0/65",
       {.high = 0x2001'0DB8'0000'0000, .low = 0x8000'0000'0000'0000, .ipv4 = false},
       65},
  };
  for (const auto& test : cases) {
    const auto range = Cidr::parse(test.range);
    ASSERT_TRUE(range) << range.error();
    EXPECT_EQ(range->bits().high, test.bits.high) << test.range;
    EXPECT_EQ(range->bits().low, test.bits.low) << test.range;
    EXPECT_EQ(range->bits().ipv4, test.bits.ipv4) << test.range;
    EXPECT_EQ(range->prefix_bits(), test.prefix_bits) << test.range;
  }
  for (const char* ip : {"10.1.2.3", "::ffff:10.1.2.3"}) {
    const auto bits = ip_bits(address(ip));
    ASSERT_TRUE(bits);
    EXPECT_TRUE(bits->ipv4) << ip;
    EXPECT_EQ(bits->high, 0x0A01'0203'0000'0000) << ip;
  }
  EXPECT_FALSE(ip_bits(SocketAddress::parse("unix:/run/headrace").value()));
}

TEST(Cidr, RefusesWhatIsAmbiguous) {
  for (const char* text : {"",
                           "/",
                           "/8",
                           "10.0.0.0/",
                           "10.0.0.0/33",
                           "10.0.0.0/-1",
                           "10.0.0.0/8 ",
                           " 10.0.0.0/8",
                           "10.0.0.0/+8",
                           "10.0.0.0/08",
                           "::/00",
                           "::/00000000000",
                           "10.0.0.0/8/8",
                           "10.0.0/8",
                           "10.0.0.1/8",
                           "10/8",
                           "::/129",
                           "2001:db8::1/32",
                           "[::1]/128",
                           "localhost",
                           "10.0.0.0/255.0.0.0",
                           "10.0.0.0:80"}) {
    EXPECT_FALSE(Cidr::parse(text)) << text;
  }
}

TEST(Cidr, ReadsWhatItWrites) {
  for (const char* text :
       {"10.0.0.0/8", "0.0.0.0/0", "192.0.2.7/32", "2001:db8::/32", "::/0", "::1/128"}) {
    EXPECT_EQ(Cidr::parse(text)->text(), text);
  }
  EXPECT_EQ(Cidr::parse("192.0.2.7")->text(), "192.0.2.7/32");
}

TEST(Cidr, UnixSocketsAreInNoRange) {
  EXPECT_FALSE(Cidr::parse("::/0")->contains(*SocketAddress::parse("unix:/x")));
  EXPECT_FALSE(Cidr::parse("::/0")->contains(SocketAddress()));
}

TEST(CidrList, ContainsWhatAnyOfItsRangesContains) {
  CidrList list;
  EXPECT_FALSE(list.contains(address("10.0.0.1")));
  list.add(*Cidr::parse("192.0.2.0/24"));
  list.add(*Cidr::parse("2001:db8::/32"));
  EXPECT_TRUE(list.contains(address("192.0.2.9")));
  EXPECT_TRUE(list.contains(address("2001:db8::9")));
  EXPECT_FALSE(list.contains(address("192.0.3.0")));
  EXPECT_FALSE(list.contains(*SocketAddress::parse("unix:/x")));
}

}  // namespace
}  // namespace headrace::core
