// A config may come from anywhere: size, depth and number are bounded before memory is spent.
#include "policy/config/yaml_tree.h"

#include <gtest/gtest.h>

#include "policy/config/error_list.h"
#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

std::string parse_errors(std::string_view text) {
  ErrorList errors("test.yaml");
  const auto tree = parse_yaml(text, errors);
  EXPECT_EQ(tree.has_value(), errors.empty());
  return errors_text(errors.take());
}

TEST(YamlTree, KnowsThePlaceOfEverything) {
  ErrorList errors("test.yaml");
  const YamlNode root = parse_yaml("a: 1\nb:\n  - x\n  - c: \"y\"\n", errors).value_or(YamlNode());
  ASSERT_EQ(root.items.size(), 4U);
  EXPECT_EQ(root.items[0].text, "a");
  EXPECT_EQ(root.items[1].text, "1");
  EXPECT_FALSE(root.items[1].quoted);
  const YamlNode& list = root.items[3];
  ASSERT_EQ(list.items.size(), 2U);
  EXPECT_EQ(list.items[0].place.line, 3U);
  EXPECT_EQ(list.items[0].place.column, 5U);
  const YamlNode& value = list.items[1].items[1];
  EXPECT_EQ(value.text, "y");
  EXPECT_TRUE(value.quoted);
  EXPECT_EQ(value.place.line, 4U);
  EXPECT_EQ(value.place.column, 8U);
}

TEST(YamlTree, RefusesWhatAConfigDoesNotNeed) {
  struct Case {
    std::string_view text;
    const char* error;
  };
  const Case cases[] = {
      {"a: &x 1\n", "test.yaml:1:4: anchors"},
      {"a: &x {b: c}\n", "anchors"},
      {"a: &x [b]\n", "anchors"},
      {"a: &x\n", "anchors"},
      {"a: &x 1\nb: *x\n", "test.yaml:2:4: aliases"},
      {"a: *x\n", "not YAML"},
      {"a: !x 1\n", "tags"},
      {"a: !!str 1\n", "tags"},
      {"a: !!binary aGk=\n", "tags"},
      {"a: !x {b: c}\n", "tags"},
      {"a: 1\n---\nb: 1\n", "test.yaml:2:1: a second document"},
      {"? [a]\n: b\n", "a key that is not a plain word"},
      {"? {a: b}\n: b\n", "a key that is not a plain word"},
      {"a: 1\nb: 2\na: 3\n", "test.yaml:3:1: `a` stands twice; first in line 1"},
      {"a: {b: 1, b: 2}\n", "`b` stands twice"},
      {"- {b: 1, \"b\": 2}\n", "`b` stands twice"},
      {"a: [1\n", "not YAML"},
      {"a: \"x\n", "a quote is never closed"},
      {"a: 'x", "a quote is never closed"},
      {"a: \"x\\\n", "a quote is never closed"},
      {"a: 1\n\tb: 2\n", "not YAML"},
      {"a: b: c\n", "not YAML"},
      {"a: \"\\q\"\n", "not YAML"},
      {std::string_view("a: \0\n", 5), "test.yaml:1:4: a control character"},
      {"a: b\nc: \x01\n", "test.yaml:2:4: a control character"},
      {"a: \x04\n", "a control character"},
      {"a: \x7f\n", "a control character"},
      {std::string_view("\xff\xfe"
                        "a\0",
                        4),
       "test.yaml:1:1: the config is UTF-16"},
      {"a: \xff\xfe\n", "test.yaml:1:4: the config is not valid UTF-8; save it as UTF-8"},
      {"a: b\nc: \xc3\xa4\xc0\xaf\n", "test.yaml:2:6: the config is not valid UTF-8"},
      {"a: \xed\xa0\x80\n", "not valid UTF-8"},
  };
  for (const Case& one : cases) {
    const std::string errors = parse_errors(one.text);
    EXPECT_TRUE(errors.contains(one.error)) << one.text << "\n" << one.error << "\n" << errors;
  }
}

TEST(YamlTree, TakesTheUsualForms) {
  for (const char* text :
       {"", "# comment\n", "---\na: 1\n...\n", "\xef\xbb\xbf{a: 1}\n", "a: 1\r\nb: 2\r\n",
        "a: |\n  x\n  y\n", "a: \xc3\xa4\n", "%YAML 1.2\n---\na: 1\n", "{}", "a: ~\n"}) {
    EXPECT_EQ(parse_errors(text), "") << text;
  }
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(YamlTree, DepthIsBounded) {
  EXPECT_EQ(parse_errors(nested(kYamlDepthMax)), "");
  EXPECT_TRUE(parse_errors(nested(kYamlDepthMax + 1)).contains("nested deeper than 12 levels"));
  EXPECT_TRUE(parse_errors(std::string(100'000, '[')).contains("nested deeper"));
  std::string maps;
  for (int i = 0; i < 100'000; ++i)
    maps += "{a: ";
  EXPECT_TRUE(parse_errors(maps).contains("nested deeper"));
  std::string lists;
  for (int i = 0; i < 100'000; ++i)
    lists += "- ";
  EXPECT_TRUE(parse_errors(lists).contains("nested deeper"));
}

TEST(YamlTree, ValuesAreBoundedInLength) {
  EXPECT_EQ(parse_errors("a: " + std::string(kYamlScalarBytesMax, 'x')), "");
  EXPECT_TRUE(parse_errors("a: " + std::string(kYamlScalarBytesMax + 1, 'x'))
                  .contains("a value is longer than 16384 bytes"));
}

TEST(YamlTree, SizeIsBounded) {
  std::string text = "a: 1\n";
  text.resize(kYamlBytesMax + 1, '\n');
  EXPECT_TRUE(parse_errors(text).contains("larger than 8388608 bytes"));
}

TEST(YamlTree, NodesAreBoundedInNumber) {
  // The bound ends it, not the memory.
  std::string text = "[";
  for (std::size_t i = 0; i <= kYamlNodesMax; ++i)
    text += "a,";
  EXPECT_TRUE(parse_errors(text + "]").contains("more than 250000 values"));
}

// The classic: a text of a few lines that stands for gigabytes.
TEST(YamlTree, AliasBombsDoNotGoOff) {
  std::string text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name <= 'k'; ++name) {
    text += std::string(1, name) + ": &" + name + " [";
    for (int i = 0; i < 10; ++i)
      text += std::string("*") + static_cast<char>(name - 1) + ", ";
    text += "]\n";
  }
  EXPECT_TRUE(parse_errors(text).contains("anchors"));
}

class Substitution : public testing::Test {
 protected:
  std::string expand(std::string_view text) {
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    node.text = text;
    ErrorList errors("test.yaml");
    substitute(node, source_, errors);
    substituted_ = node.substituted;
    return errors.empty() ? node.text : "error: " + errors_text(errors.take());
  }

  MapSource source_;
  bool substituted_ = false;
};

TEST_F(Substitution, ReplacesVariablesAndFiles) {
  source_.variables = {{"A", "1"}, {"_B2", "two"}, {"NESTED", "${A}"}, {"DOLLAR", "$"}};
  source_.files = {{"/f", "file\n"}, {"/crlf", "file\r\n"}, {"/two", "file\n\n"}, {"/empty", ""}};
  EXPECT_EQ(expand("${A}"), "1");
  EXPECT_EQ(expand("x${A}y${_B2}z"), "x1ytwoz");
  EXPECT_EQ(expand("${file:/f}"), "file");
  EXPECT_EQ(expand("${file:/crlf}"), "file");
  EXPECT_EQ(expand("${file:/two}"), "file\n");
  EXPECT_EQ(expand("${file:/empty}"), "");
  EXPECT_TRUE(substituted_);
  // What came in is not looked at again.
  EXPECT_EQ(expand("${NESTED}"), "${A}");
  EXPECT_EQ(expand("${DOLLAR}{A}"), "${A}");
}

TEST_F(Substitution, LeavesEverythingElse) {
  for (const char* text : {"", "$", "$$", "{A}", "$A", "a$b", "}"}) {
    EXPECT_EQ(expand(text), text);
    EXPECT_FALSE(substituted_);
  }
  EXPECT_EQ(expand("$${A}"), "${A}");
  EXPECT_EQ(expand("a$$${A}"), "a$${A}");
  EXPECT_FALSE(substituted_);
}

TEST_F(Substitution, ValuesAreBoundedInLength) {
  source_.variables = {{"A", std::string(kSubstitutedBytesMax, 'x')},
                       {"B", std::string(kSubstitutedBytesMax + 1, 'x')}};
  EXPECT_EQ(expand("${A}").size(), kSubstitutedBytesMax);
  EXPECT_TRUE(expand("${B}").starts_with("error: "));
}

TEST_F(Substitution, KeysOfMapsAreLeft) {
  YamlNode map;
  map.kind = YamlNode::Kind::map;
  for (const char* text : {"${A}", "${A}"}) {
    YamlNode item;
    item.kind = YamlNode::Kind::scalar;
    item.text = text;
    map.items.push_back(item);
  }
  source_.variables = {{"A", "1"}};
  ErrorList errors("test.yaml");
  substitute(map, source_, errors);
  EXPECT_EQ(map.items[0].text, "${A}");
  EXPECT_EQ(map.items[1].text, "1");
}

TEST_F(Substitution, WipesWhatCameIn) {
  source_.variables = {{"A", "sk-CANARY"}};
  YamlNode node;
  node.kind = YamlNode::Kind::scalar;
  node.text = "${A}";
  ErrorList errors("test.yaml");
  substitute(node, source_, errors);
  ASSERT_EQ(node.text, "sk-CANARY");
  wipe_substituted(node);
  EXPECT_EQ(node.text, std::string(9, '\0'));
}

}  // namespace
}  // namespace headrace::policy::config
