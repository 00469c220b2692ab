#include "net/http/forwarded.h"

#include <array>

#include <gtest/gtest.h>

namespace headrace::net::http {
namespace {

TEST(Forwarded, IsWhatRfc7239Says) {
  for (const std::string_view good :
       {R"(for="_gazonk")", R"(For="[2001:db8:cafe::17]:4711")",
        "for=192.0.2.60;proto=http;by=203.0.113.43", "for=192.0.2.43, for=198.51.100.17",
        R"(for=192.0.2.43,for="[2001:db8:cafe::17]",for=unknown)", R"(a="\"quoted\"")",
        "for=a;;by=b", ", for=a ,", "for=_SEVKISEK;secret=x"}) {
    EXPECT_TRUE(is_forwarded(good)) << good;
  }
  for (const std::string_view bad :
       {"", ",", ";", "for", "for=", "=a", "for=a b", "for=[::1]", R"(for="a)", R"(for="a\)",
        "for=a for=b", "for =a", "for= a", R"(for="a"b)", "for,for=a", "for=a,by", "192.0.2.1",
        "for=a;by"}) {
    EXPECT_FALSE(is_forwarded(bad)) << bad;
  }
}

std::string written(std::string_view chain, const ForwardedElement& element) {
  std::array<char, 512> room;
  HeadWriter writer{std::span<char>(room)};
  write_forwarded(chain, element, writer);
  EXPECT_TRUE(writer.ok());
  return std::string(writer.text());
}

TEST(Forwarded, IsWrittenSoThatItIsOne) {
  const std::pair<std::string, std::string_view> cases[] = {
      {written("", {.client = "192.0.2.1", .host = "gateway.test", .tls = true}),
       "Forwarded: for=192.0.2.1;host=gateway.test;proto=https\r\n"},
      {written("for=a", {.client = "2001:db8::1", .host = "gateway.test:8080", .tls = false}),
       "Forwarded: for=a, for=\"[2001:db8::1]\";host=\"gateway.test:8080\";proto=http\r\n"},
      {written("", {}), "Forwarded: for=unknown;proto=http\r\n"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(text, expected);
    EXPECT_TRUE(is_forwarded(std::string_view(text).substr(11, text.size() - 13))) << text;
  }
}

}  // namespace
}  // namespace headrace::net::http
