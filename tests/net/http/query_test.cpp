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

TEST(Query, LeavesAParameterOutWhereverItStands) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"key=a", ""},           {"key=a&b=1", "b=1"},
      {"b=1&key=a", "b=1"},    {"b=1&key=a&c=2&%6Bey=z&Key&d", "b=1&c=2&d"},
      {"b=1&&c=2", "b=1&c=2"}, {"", ""}};
  for (const auto& [query, expected] : rows) {
    std::string out(query.size(), '\0');
    EXPECT_EQ(query_without(query, "key", out), expected) << query;
    std::string in_place = query;
    EXPECT_EQ(query_without(in_place, "key", in_place), expected) << query;
  }
}

std::string scrubbed(std::string_view query, std::size_t size = 200) {
  std::string out(size, '\0');
  return std::string(scrub_secrets(query, out));
}

TEST(Query, HidesSecretsFromLogs) {
  EXPECT_EQ(scrubbed("alt=sse&key=AIza"), "alt=sse&key=***");
  EXPECT_EQ(scrubbed("key=AIza&alt=sse&key=b"), "key=***&alt=sse&key=***");
  EXPECT_EQ(scrubbed("%6Bey=a"), "%6Bey=***");
  EXPECT_EQ(scrubbed("KEY=a&api_key=b&Api-Key=c&access_token=d&X-Amz-Signature=e&sig=f"),
            "KEY=***&api_key=***&Api-Key=***&access_token=***&X-Amz-Signature=***&sig=***");
  EXPECT_EQ(scrubbed("a=1;key=x;y=z&b=2"), "a=1;key=***&b=2");
  EXPECT_EQ(scrubbed("key=a;b&c"), "key=***&c");
  EXPECT_EQ(scrubbed("keyboard=1&b&keys=2"), "keyboard=1&b&keys=2");
  EXPECT_EQ(scrubbed(std::string(65, 'x') + "=1"), std::string(65, 'x') + "=***");
  EXPECT_EQ(scrubbed(""), "");
}

TEST(Query, ScrubbingNeverExceedsItsRoomNorShowsMoreForIt) {
  const std::string query = "alt=sse&key=AIzaSecret&x=1";
  for (std::size_t size = 0; size < query.size() + 4; ++size) {
    const std::string out = scrubbed(query, size);
    EXPECT_LE(out.size(), size);
    EXPECT_EQ(out.find("AIza"), std::string::npos);
    EXPECT_TRUE(std::string("alt=sse&key=***&x=1").starts_with(out));
  }
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
