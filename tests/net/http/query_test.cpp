#include "net/http/query.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::net::http {
namespace {

TEST(Query, GoesThroughParameters) {
  QueryParameters parameters("a=1&&b&=c&d==e&");
  std::vector<std::string> seen;
  while (const auto parameter = parameters.next()) {
    seen.push_back(std::string(parameter->name) + ">" + std::string(parameter->value) + ">" +
                   std::string(parameter->text));
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"a>1>a=1", "b>>b", ">c>=c", "d>=e>d==e"}));
  EXPECT_FALSE(QueryParameters("").next().has_value());
}

TEST(Query, FindsAParameterUnderEveryEncodingOfItsName) {
  EXPECT_EQ(find_parameter("alt=sse&key=AIza", "key"), "AIza");
  EXPECT_EQ(find_parameter("%6bey=x", "key"), "x");
  EXPECT_EQ(find_parameter("%6B%65%79=x", "key"), "x");
  EXPECT_EQ(find_parameter("KEY=x", "key"), "x");
  EXPECT_EQ(find_parameter("key", "key"), "");
  EXPECT_EQ(find_parameter("key=1&key=2", "key"), "1");
  EXPECT_EQ(find_parameter("monkey=1&keys=2&ke=3&k%65=4", "key"), std::nullopt);
  EXPECT_EQ(find_parameter("", "key"), std::nullopt);
  EXPECT_EQ(find_parameter("%6=x", "key"), std::nullopt);
}

TEST(Query, DecodesPercentEncodings) {
  std::array<char, 8> out;
  EXPECT_EQ(percent_decode("a%20b+c", out), "a b+c");
  EXPECT_EQ(percent_decode("%41%62%5A", out), "AbZ");
  EXPECT_EQ(percent_decode("", out), "");
  EXPECT_EQ(percent_decode("12345678", out), "12345678");
  EXPECT_EQ(percent_decode("123456789", out), std::nullopt);
  EXPECT_EQ(percent_decode("%", out), std::nullopt);
  EXPECT_EQ(percent_decode("%4", out), std::nullopt);
  EXPECT_EQ(percent_decode("%4g", out), std::nullopt);
  EXPECT_EQ(percent_decode("%%41", out), std::nullopt);
}

}  // namespace
}  // namespace headrace::net::http
