#include "tests/sim/introduction.h"

#include <array>

#include <fmt/format.h>

namespace headrace::sim {

namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

constexpr std::string_view kV2Begin = "\r\n\r\n\0\r\nQUIT\n"sv;

std::string v2(char command, char family, std::string_view rest) {
  std::string header(kV2Begin);
  header += command;
  header += family;
  header += static_cast<char>(rest.size() >> 8U);
  header += static_cast<char>(rest.size() & 0xFFU);
  header += rest;
  return header;
}

Introduction v1_of(std::uint64_t client) {
  if (client % 8 == 0) return {.bytes = "PROXY UNKNOWN\r\n", .source = std::string(kPeerText)};
  if (client % 2 == 0) {
    const std::string source = fmt::format("203.0.113.{}", client);
    return {.bytes = fmt::format("PROXY TCP4 {} 127.0.0.1 40000 8080\r\n", source),
            .source = source};
  }
  const std::string source = fmt::format("2001:db8::{:x}", client);
  return {.bytes = fmt::format("PROXY TCP6 {} ::1 40000 8080\r\n", source), .source = source};
}

Introduction v2_of(std::uint64_t client) {
  // The proxy's own connection, to see whether the gateway lives.
  if (client % 8 == 0) return {.bytes = v2('\x20', '\0', {}), .source = std::string(kPeerText)};
  const auto last = static_cast<char>(client);
  if (client % 2 == 0) {
    std::string rest = "\xcb\0\x71"s + last + "\x7f\0\0\1\x9c\x40\x1f\x90"s;
    if (client % 4 == 0) rest += "\x04\0\3abc"s;  // a field that means nothing
    return {.bytes = v2('\x21', '\x11', rest), .source = fmt::format("203.0.113.{}", client)};
  }
  const std::string rest = "\x20\1\x0d\xb8"s + std::string(11, '\0') + last +
                           std::string(15, '\0') + "\1\x9c\x40\x1f\x90"s;
  return {.bytes = v2('\x21', '\x21', rest), .source = fmt::format("2001:db8::{:x}", client)};
}

std::string wrong_header(core::Random& random) {
  constexpr std::array<std::string_view, 4> kWrong = {
      "PROXY TCP4 203.0.113.7 127.0.0.1 40000\r\n"sv,
      "PROXY TCP4 2001:db8::7 127.0.0.1 40000 8080\r\n"sv,
      "\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0"sv,
      "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\3abc"sv,
  };
  return std::string(kWrong[static_cast<std::size_t>(random.below(kWrong.size()))]);
}

}  // namespace

Introduction introduce(core::Random& random, bool may_be_wrong) {
  if (may_be_wrong && random.one_in(30)) {
    return {.bytes = wrong_header(random), .source = "nobody", .wrong = true};
  }
  const std::uint64_t client = 1 + random.below(250);
  switch (random.below(3)) {
    case 0:
      return {.bytes = {}, .source = std::string(kPeerText)};
    case 1:
      return v1_of(client);
    default:
      return v2_of(client);
  }
}

}  // namespace headrace::sim
