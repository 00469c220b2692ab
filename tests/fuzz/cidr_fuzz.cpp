// Ranges of addresses: what is taken, and which addresses stand in it, must be what the C library's
// parser and a comparison bit by bit say. The input is a range, a line end and an address.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>

#include "core/cidr.h"
#include "tests/fuzz/fuzz_check.h"

namespace headrace::fuzz {
namespace {

using Bits = std::vector<bool>;

// The address as IPv6 has it, with IPv4 mapped into it; `v4` tells how it was written.
std::optional<Bits> bits_of(const std::string& text, bool& v4) {
  // The C library stops at a NUL, and reads scopes ("%eth0") that no address of ours has.
  if (text.find('\0') != std::string::npos) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  v4 = inet_pton(AF_INET, text.c_str(), bytes.data() + 12) == 1;
  if (v4) {
    bytes[10] = bytes[11] = 0xFF;
  } else if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) {
    return std::nullopt;
  }
  Bits bits;
  for (const std::uint8_t byte : bytes) {
    for (int i = 7; i >= 0; --i)
      bits.push_back((byte >> i & 1) != 0);
  }
  return bits;
}

std::optional<std::size_t> length_of(const std::string& text, std::size_t longest) {
  if (text.empty() || text.size() > 3) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  std::size_t length = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    length = length * 10 + static_cast<std::size_t>(c - '0');
  }
  return length <= longest ? std::optional(length) : std::nullopt;
}

struct Range {
  Bits network;
  std::size_t length = 0;
};

std::optional<Range> range_of(const std::string& text) {
  const std::size_t slash = text.find('/');
  bool v4 = false;
  const auto bits = bits_of(text.substr(0, slash), v4);
  if (!bits) return std::nullopt;
  Range range{*bits, bits->size()};
  if (slash != std::string::npos) {
    const auto length = length_of(text.substr(slash + 1), v4 ? 32 : 128);
    if (!length) return std::nullopt;
    range.length = *length + (v4 ? 96 : 0);
  }
  for (std::size_t i = range.length; i < range.network.size(); ++i) {
    if (range.network[i]) return std::nullopt;
  }
  return range;
}

void try_pair(const std::string& range_text, const std::string& address_text) {
  const auto range = core::Cidr::parse(range_text);
  const auto expected = range_of(range_text);
  FUZZ_CHECK(range.has_value() == expected.has_value());
  const auto address = core::SocketAddress::from_ip(address_text, 80);
  bool v4 = false;
  const auto bits = bits_of(address_text, v4);
  FUZZ_CHECK(address.has_value() == bits.has_value());
  if (range) {
    const auto again = core::Cidr::parse(range->text());
    FUZZ_CHECK(again && *again == *range);
  }
  if (!address) return;
  FUZZ_CHECK(address->port() == 80);
  const auto again = core::SocketAddress::from_ip(address->ip_text(), 80);
  FUZZ_CHECK(again && *again == *address);
  if (!range) return;
  bool inside = true;
  for (std::size_t i = 0; i < expected->length; ++i) {
    inside = inside && expected->network[i] == (*bits)[i];
  }
  FUZZ_CHECK(range->contains(*address) == inside);
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t line_end = text.find('\n');
  if (line_end == text.npos) return 0;
  headrace::fuzz::try_pair(text.substr(0, line_end), text.substr(line_end + 1));
  return 0;
}
