// PROXY protocol headers, held against a slow and obvious reading: regular expressions for version
// 1, a walk over a copy for version 2.
#include <array>
#include <cstdint>
#include <optional>
#include <regex>
#include <string>

#include <arpa/inet.h>

#include "net/edge/proxy_header.h"
#include "tests/fuzz/fuzz_check.h"

namespace headrace::fuzz {
namespace {

using Status = net::ProxyHeaderStatus;

bool is_ip(const std::string& text, int family) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(family, text.c_str(), bytes.data()) == 1;
}

// True: a whole line of version 1.
bool is_v1(const std::string& text, std::size_t& bytes) {
  const std::size_t end = text.find("\r\n");
  if (end == std::string::npos || end + 2 > net::kProxyHeaderV1BytesMax) return false;
  bytes = end + 2;
  const std::string line = text.substr(0, end);
  if (line == "PROXY UNKNOWN" || line.starts_with("PROXY UNKNOWN ")) return true;
  static const std::regex form(
      R"(PROXY TCP([46]) ([0-9a-fA-F:.]+) ([0-9a-fA-F:.]+) (0|[1-9][0-9]{0,4}) (0|[1-9][0-9]{0,4}))");
  std::smatch match;
  if (!std::regex_match(line, match, form)) return false;
  const int family = match[1] == "4" ? AF_INET : AF_INET6;
  return is_ip(match[2], family) && is_ip(match[3], family) && std::stoi(match[4]) <= 65535 &&
         std::stoi(match[5]) <= 65535;
}

std::uint32_t slow_crc32c(const std::string& bytes) {
  std::uint32_t sum = ~0U;
  for (const char c : bytes) {
    sum ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit)
      sum = (sum & 1U) != 0 ? sum >> 1U ^ 0x82F63B78U : sum >> 1U;
  }
  return ~sum;
}

bool is_v2(const std::string& text, std::size_t& bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.size() < 16 || !text.starts_with(std::string("\r\n\r\n\0\r\nQUIT\n", 12))) return false;
  bytes = 16 + at(14) * 256U + at(15);
  if (bytes > net::kProxyHeaderBytesMax || text.size() < bytes) return false;
  if (at(12) != 0x20 && at(12) != 0x21) return false;
  std::size_t next = 0;
  switch (at(13)) {
    case 0x00:
      next = 16;
      break;
    case 0x11:
    case 0x12:
      next = 16 + 12;
      break;
    case 0x21:
    case 0x22:
      next = 16 + 36;
      break;
    case 0x31:
    case 0x32:
      next = 16 + 216;
      break;
    default:
      return false;
  }
  int checksums = 0;
  while (next < bytes) {
    if (next + 3 > bytes) return false;
    const std::size_t value = next + 3;
    const std::size_t length = at(next + 1) * 256U + at(next + 2);
    if (value + length > bytes) return false;
    if (at(next) == 3) {
      if (length != 4 || ++checksums > 1) return false;
      std::string zeroed = text.substr(0, bytes);
      std::uint32_t said = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        said = said << 8U | at(value + i);
        zeroed[value + i] = '\0';
      }
      if (slow_crc32c(zeroed) != said) return false;
    }
    next = value + length;
  }
  return next == bytes;
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace;
  using fuzz::Status;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto parse = [](const std::string& bytes) {
    return net::parse_proxy_header(std::as_bytes(std::span(bytes)));
  };
  const net::ProxyHeader header = parse(text);
  std::size_t bytes = 0;
  const bool whole =
      text.starts_with("PROXY ") ? fuzz::is_v1(text, bytes) : fuzz::is_v2(text, bytes);
  FUZZ_CHECK((header.status == Status::complete) == whole);
  if (!whole) {
    FUZZ_CHECK(!header.source);
    return 0;
  }
  FUZZ_CHECK(header.consumed == bytes);
  // Nothing in front of it is enough, and nothing behind it matters.
  FUZZ_CHECK(parse(text.substr(0, bytes - 1)).status == Status::incomplete);
  FUZZ_CHECK(parse(text.substr(0, bytes)).consumed == bytes);
  return 0;
}
