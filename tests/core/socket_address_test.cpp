#include "core/socket_address.h"

#include <string>

#include <gtest/gtest.h>
#include <netinet/in.h>

namespace headrace::core {
namespace {

TEST(SocketAddress, ReadsWhatItWrites) {
  for (const char* text :
       {"127.0.0.1:8080", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:443", "[::]:1",
        "[2001:db8::7]:80", "[::ffff:192.0.2.1]:9", "unix:/run/headrace.sock", "unix:relative"}) {
    const auto address = SocketAddress::parse(text);
    ASSERT_TRUE(address) << text << ": " << address.error();
    EXPECT_EQ(address->text(), text);
    EXPECT_EQ(SocketAddress::from_native(address->native(), address->native_length()), *address);
  }
}

TEST(SocketAddress, RefusesWhatIsNotOneAddress) {
  const std::string long_path = "unix:/" + std::string(107, 'x');
  const std::string cases[] = {"",
                               ":",
                               ":80",
                               "127.0.0.1",
                               "127.0.0.1:",
                               "127.0.0.1:65536",
                               "127.0.0.1:-1",
                               "127.0.0.1:+1",
                               "127.0.0.1: 80",
                               "127.0.0.1:80 ",
                               "127.0.0.1:000080000000000000000080",
                               "127.0.0.256:80",
                               "127.1:80",
                               "2130706433:80",
                               "0x7f.0.0.1:80",
                               "127.0.0.01:80",
                               "[127.0.0.1]:80",
                               "::1:80",
                               "[::1]",
                               "[::1:80",
                               "::1]:80",
                               "[::1%lo]:80",
                               "[]:80",
                               "localhost:80",
                               "*:80",
                               "unix:",
                               long_path,
                               std::string("unix:/a\0b", 9),
                               std::string("127.0.0.1\0:80", 13)};
  for (const std::string& text : cases)
    EXPECT_FALSE(SocketAddress::parse(text)) << text;
}

TEST(SocketAddress, TakesTheLongestUnixPath) {
  const std::string text = "unix:/" + std::string(106, 'x');
  const auto address = SocketAddress::parse(text);
  ASSERT_TRUE(address);
  EXPECT_EQ(address->text(), text);
}

TEST(SocketAddress, ErrorsSayWhatToWrite) {
  EXPECT_NE(SocketAddress::parse("10.0.0.1").error().find("address:port"), std::string::npos);
  EXPECT_NE(SocketAddress::parse("::1:80").error().find("[::1]:8080"), std::string::npos);
  EXPECT_NE(SocketAddress::parse("example.com:80").error().find("not resolved"), std::string::npos);
  EXPECT_NE(SocketAddress::parse("1.2.3.4:99999").error().find("65535"), std::string::npos);
}

TEST(SocketAddress, KnowsItsParts) {
  auto v6 = *SocketAddress::parse("[::1]:443");
  EXPECT_EQ(v6.family(), AF_INET6);
  EXPECT_EQ(v6.port(), 443);
  EXPECT_EQ(v6.ip_text(), "::1");
  v6.set_port(444);
  EXPECT_EQ(v6.text(), "[::1]:444");
  const auto local = *SocketAddress::parse("unix:/x");
  EXPECT_TRUE(local.is_unix());
  EXPECT_EQ(local.port(), 0);
  EXPECT_EQ(local.ip_text(), "unix:");
  EXPECT_TRUE(SocketAddress().empty());
  EXPECT_EQ(SocketAddress().family(), AF_UNSPEC);
  EXPECT_EQ(SocketAddress().text(), "");
}

TEST(SocketAddress, GivesItsBytesInOneForm) {
  using Bytes = std::array<std::uint8_t, 16>;
  const Bytes mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7};
  EXPECT_EQ(SocketAddress::from_ip("192.0.2.7", 1)->ip_bytes(), mapped);
  EXPECT_EQ(SocketAddress::from_ip("::ffff:192.0.2.7", 1)->ip_bytes(), mapped);
  EXPECT_EQ(SocketAddress::from_ip("2001:db8::9", 1)->ip_bytes(),
            (Bytes{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}));
  EXPECT_FALSE(SocketAddress::parse("unix:/run/x.sock")->ip_bytes());
  EXPECT_FALSE(SocketAddress().ip_bytes());
}

TEST(SocketAddress, ComparesByMeaning) {
  EXPECT_EQ(*SocketAddress::parse("[::0001]:80"), *SocketAddress::parse("[::1]:80"));
  EXPECT_NE(*SocketAddress::parse("[::1]:80"), *SocketAddress::parse("[::1]:81"));
  EXPECT_NE(*SocketAddress::parse("127.0.0.1:80"), *SocketAddress::parse("127.0.0.2:80"));
  EXPECT_NE(*SocketAddress::parse("unix:/a"), *SocketAddress::parse("unix:/b"));
  EXPECT_NE(SocketAddress(), *SocketAddress::parse("unix:/b"));
  // The kernel leaves rubbish behind the address.
  sockaddr_in native{};
  native.sin_family = AF_INET;
  native.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  native.sin_port = htons(80);
  native.sin_zero[3] = 7;
  EXPECT_EQ(SocketAddress::from_native(reinterpret_cast<sockaddr*>(&native), sizeof(native)),
            *SocketAddress::parse("127.0.0.1:80"));
}

TEST(SocketAddress, AUnixSocketWithoutNameHasText) {
  sockaddr_un native{};
  native.sun_family = AF_UNIX;
  const auto address =
      SocketAddress::from_native(reinterpret_cast<sockaddr*>(&native), sizeof(sa_family_t));
  EXPECT_TRUE(address.is_unix());
  EXPECT_EQ(address.text(), "unix:");
}

TEST(SocketAddress, FromIpTakesLiteralsOnly) {
  EXPECT_EQ(SocketAddress::from_ip("::1", 5)->text(), "[::1]:5");
  EXPECT_EQ(SocketAddress::from_ip("10.1.2.3", 5)->text(), "10.1.2.3:5");
  for (const char* text : {"", "[::1]", "1.2.3", "example.com", "1.2.3.4 ",
                           "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"}) {
    EXPECT_FALSE(SocketAddress::from_ip(text, 5)) << text;
  }
}

}  // namespace
}  // namespace headrace::core
