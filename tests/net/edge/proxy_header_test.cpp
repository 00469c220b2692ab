#include "net/edge/proxy_header.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/crc32c.h"

namespace headrace::net {
namespace {

using Status = ProxyHeaderStatus;

ProxyHeader parse(std::string_view text) {
  return parse_proxy_header(std::as_bytes(std::span(text)));
}

std::string v2(unsigned command, unsigned family, const std::string& rest,
               std::string_view more = {}) {
  std::string text("\r\n\r\n\0\r\nQUIT\n", 12);
  text += static_cast<char>(0x20 | command);
  text += static_cast<char>(family);
  text += static_cast<char>(rest.size() >> 8);
  text += static_cast<char>(rest.size() & 0xff);
  return text + rest + std::string(more);
}

const std::string kV4("\xC0\x00\x02\x01\xC6\x33\x64\x01\xDC\x04\x01\xBB", 12);
const std::string kV6 = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x07" +
                        std::string(16, '\0') + std::string("\x12\x34\x01\xBB", 4);

std::string tlv(char kind, const std::string& value) {
  return std::string(1, kind) + static_cast<char>(value.size() >> 8) +
         static_cast<char>(value.size() & 0xff) + value;
}

TEST(ProxyHeader, SaysWhoseTheConnectionIs) {
  struct Case {
    std::string text;
    std::string source;  // empty: none
  };
  const Case cases[] = {
      {"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", "192.0.2.1:56324"},
      {"PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", "255.255.255.255:65535"},
      {"PROXY TCP6 2001:db8::7 ::1 4660 443\r\n", "[2001:db8::7]:4660"},
      {"PROXY UNKNOWN\r\n", ""},
      {"PROXY UNKNOWN ffff:f whatever stands here\r\n", ""},
      {v2(1, 0x11, kV4), "192.0.2.1:56324"},
      {v2(1, 0x21, kV6), "[2001:db8::7]:4660"},
      {v2(1, 0x12, kV4), ""},  // a datagram's
      {v2(1, 0x31, std::string(216, 'x')), ""},
      {v2(1, 0x00, ""), ""},
      {v2(0, 0x00, ""), ""},  // the proxy itself
      {v2(0, 0x11, kV4), ""},
      {v2(1, 0x11, kV4 + tlv(1, "h2") + tlv(4, "") + tlv(2, "gateway.test")), "192.0.2.1:56324"},
  };
  for (const Case& one : cases) {
    const ProxyHeader header = parse(one.text + "GET /");
    ASSERT_EQ(header.status, Status::complete) << one.text;
    EXPECT_EQ(header.consumed, one.text.size());
    EXPECT_EQ(header.source ? header.source->text() : "", one.source) << one.text;
    for (std::size_t bytes = 0; bytes < one.text.size(); ++bytes) {
      EXPECT_EQ(parse(one.text.substr(0, bytes)).status, Status::incomplete) << bytes;
    }
  }
}

TEST(ProxyHeader, TakesNothingElseForOne) {
  for (const std::string_view text :
       {"GET / HTTP/1.1\r\n", "P0", "PROXY\r\n", "proxy TCP4", "\r\n\r\nX", "\x16\x03\x01"}) {
    EXPECT_EQ(parse(text).status, Status::absent) << text;
  }
}

TEST(ProxyHeader, RefusesWhatIsNotWritten) {
  const std::string_view cases[] = {
      "PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 \r\n",
      "PROXY TCP4  192.0.2.1 198.51.100.1 56324 443\r\n",
      "PROXY TCP4 192.0.2.01 198.51.100.1 56324 443\r\n",
      "PROXY TCP4 192.0.2 198.51.100.1 56324 443\r\n",
      "PROXY TCP4 ::1 198.51.100.1 56324 443\r\n",
      "PROXY TCP6 192.0.2.1 ::1 56324 443\r\n",
      "PROXY TCP5 192.0.2.1 198.51.100.1 56324 443\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.1 056 443\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.1 -1 443\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443x\r\n",
      "PROXY UNKNOWNS\r\n",
      "PROXY \r\n",
  };
  for (const std::string_view text : cases)
    EXPECT_EQ(parse(text).status, Status::bad) << text;
  EXPECT_EQ(parse("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n").status, Status::complete);
  EXPECT_EQ(parse("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n").status, Status::bad);
  EXPECT_EQ(parse("PROXY UNKNOWN " + std::string(92, 'x')).status, Status::incomplete);
  EXPECT_EQ(parse("PROXY UNKNOWN " + std::string(93, 'x')).status, Status::bad);
}

TEST(ProxyHeader, RefusesWhatVersion2CannotMean) {
  EXPECT_EQ(parse(v2(2, 0x11, kV4)).status, Status::bad);
  EXPECT_EQ(parse(v2(1, 0x41, kV4)).status, Status::bad);
  EXPECT_EQ(parse(v2(1, 0x13, kV4)).status, Status::bad);
  EXPECT_EQ(parse(v2(1, 0x10, kV4)).status, Status::bad);
  EXPECT_EQ(parse(v2(1, 0x01, kV4)).status, Status::bad);
  EXPECT_EQ(parse(v2(1, 0x11, kV4.substr(1))).status, Status::bad);
  EXPECT_EQ(parse(v2(1, 0x21, kV4)).status, Status::bad);
  EXPECT_EQ(parse(v2(1, 0x11, kV4 + "\x04")).status, Status::bad);
  EXPECT_EQ(parse(v2(1, 0x11, kV4 + std::string("\x04\x00\x02x", 4))).status, Status::bad);
  std::string version = v2(1, 0x11, kV4);
  version[12] = 0x31;
  EXPECT_EQ(parse(version).status, Status::bad);
  const std::size_t room = kProxyHeaderBytesMax - 16 - 12 - 3;
  EXPECT_EQ(parse(v2(1, 0x11, kV4 + tlv(4, std::string(room, 'x')))).status, Status::complete);
  EXPECT_EQ(parse(v2(1, 0x11, kV4 + tlv(4, std::string(room + 1, 'x')))).status, Status::bad);
}

TEST(ProxyHeader, HoldsTheChecksumWhereThereIsOne) {
  std::string text = v2(1, 0x11, kV4 + tlv(3, std::string(4, '\0')) + tlv(1, "h2"));
  const std::uint32_t sum = core::crc32c(std::as_bytes(std::span(text)));
  const std::size_t at = 16 + 12 + 3;
  for (unsigned i = 0; i < 4; ++i)
    text[at + i] = static_cast<char>(sum >> (24 - 8 * i));
  EXPECT_EQ(parse(text).status, Status::complete);
  for (std::size_t byte = 16; byte < text.size(); ++byte) {
    std::string changed = text;
    changed[byte] = static_cast<char>(changed[byte] ^ 1);
    const bool covered = byte < at - 3 || byte >= at;
    EXPECT_TRUE(!covered || parse(changed).status != Status::complete) << byte;
  }
  EXPECT_EQ(parse(v2(1, 0x11, kV4 + tlv(3, "abc"))).status, Status::bad);
}

}  // namespace
}  // namespace headrace::net
