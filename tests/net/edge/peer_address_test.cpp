#include "net/edge/peer_address.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace headrace::net {
namespace {

std::string text_of(const std::string& address) {
  const auto parsed = core::SocketAddress::parse(address);
  EXPECT_TRUE(parsed) << address;
  std::array<char, PeerAddress::kTextBytesMax> room;
  return std::string(PeerAddress(*parsed).text(room));
}

TEST(PeerAddress, IsWrittenWithoutItsPort) {
  EXPECT_EQ(text_of("127.0.0.1:80"), "127.0.0.1");
  EXPECT_EQ(text_of("0.0.0.0:1"), "0.0.0.0");
  EXPECT_EQ(text_of("9.10.99.100:1"), "9.10.99.100");
  EXPECT_EQ(text_of("255.200.109.19:65535"), "255.200.109.19");
  EXPECT_EQ(text_of("[2001:db8::1]:443"), "2001:db8::1");
  EXPECT_EQ(text_of("[::1]:443"), "::1");
}

TEST(PeerAddress, OfAUnixSocketHasAName) {
  EXPECT_EQ(text_of("unix:/run/x.sock"), "unix");
}

}  // namespace
}  // namespace headrace::net
