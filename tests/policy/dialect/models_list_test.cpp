#include "policy/dialect/models_list.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

namespace headrace::policy {
namespace {

std::string list(Dialect dialect, const std::vector<std::string_view>& names) {
  std::string out(write_models_list(dialect, names, {}), '\0');
  EXPECT_EQ(write_models_list(dialect, names, out), out.size());
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(out).error(), simdjson::SUCCESS) << out;
  return out;
}

TEST(ModelsList, HasEachDialectsShape) {
  EXPECT_EQ(list(Dialect::openai, {"a", "b"}),
            R"({"object":"list","data":[{"id":"a","object":"model","created":0,)"
            R"("owned_by":"headrace"},{"id":"b","object":"model","created":0,)"
            R"("owned_by":"headrace"}]})");
  EXPECT_EQ(list(Dialect::anthropic, {"a", "b"}),
            R"({"data":[{"type":"model","id":"a","display_name":"a",)"
            R"("created_at":"1970-01-01T00:00:00Z"},{"type":"model","id":"b","display_name":"b",)"
            R"("created_at":"1970-01-01T00:00:00Z"}],"has_more":false,"first_id":"a",)"
            R"("last_id":"b"})");
  EXPECT_EQ(list(Dialect::gemini, {"a"}),
            R"({"models":[{"name":"models/a","displayName":"a","supportedGenerationMethods":)"
            R"(["generateContent","countTokens"]}]})");
}

TEST(ModelsList, MayBeEmpty) {
  EXPECT_EQ(list(Dialect::openai, {}), R"({"object":"list","data":[]})");
  EXPECT_EQ(list(Dialect::anthropic, {}),
            R"({"data":[],"has_more":false,"first_id":null,"last_id":null})");
  EXPECT_EQ(list(Dialect::gemini, {}), R"({"models":[]})");
}

TEST(ModelsList, EscapesNames) {
  for (const Dialect dialect : {Dialect::openai, Dialect::anthropic, Dialect::gemini}) {
    EXPECT_NE(list(dialect, {"a\"b\\\n"}).find(R"(a\"b\\\n)"), std::string::npos);
  }
}

TEST(ModelsList, WritesNoFurtherThanItsRoom) {
  const std::vector<std::string_view> names = {"one", "two"};
  std::array<char, 40> out;
  out.fill('~');
  EXPECT_GT(write_models_list(Dialect::openai, names, std::span(out).first(30)), 30U);
  EXPECT_EQ(out[30], '~');
}

TEST(ModelsList, GivesOneModel) {
  std::array<char, 200> out;
  const std::size_t size = write_model(Dialect::openai, "m", out);
  EXPECT_EQ(std::string_view(out.data(), size),
            R"({"id":"m","object":"model","created":0,"owned_by":"headrace"})");
}

}  // namespace
}  // namespace headrace::policy
