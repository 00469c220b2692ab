#include "policy/config/yaml_hint.h"

#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

// A sample with one slip of the pen in it, as `-t` tells of it.
std::string told(std::string_view right, std::string_view wrong) {
  std::string text = read_source_file("deploy/config/headrace.yaml");
  const std::size_t at = text.find(right);
  EXPECT_NE(at, text.npos) << right;
  text.replace(at, right.size(), wrong);
  return errors_of(text);
}

TEST(YamlHint, NamesTheLineOfTheSlip) {
  struct Case {
    std::string_view right;
    std::string_view wrong;
    std::string_view hint;
  };
  const Case cases[] = {
      {"  - name: openai", "\t- name: openai", "line 20 is indented with a tab: use spaces"},
      {"    dialect: openai", "     dialect: openai",
       "line 21 is indented by 5 spaces, what stands before it by 4"},
      {"    dialect: openai", "   dialect: openai",
       "line 21 is indented by 3 spaces, what stands before it by 4"},
      {"  - name: anthropic", " - name: anthropic",
       "line 25 is indented by 1 spaces, what stands before it by 4"},
      {"    dialect: openai", "    dialect openai", "line 21 has no `: `"},
      {"    dialect: openai", "    dialect:openai", "line 21 has no `: `"},
      {"    dialect: openai", "    dialect: \"openai",
       "line 21 opens a quote and does not close it"},
      {"    dialect: openai", "    dialect: 'openai",
       "line 21 opens a quote and does not close it"},
      {"models: [fast]", "models: [fast", "line 57 opens a bracket and does not close it"},
  };
  for (const Case& one : cases) {
    const std::string errors = told(one.right, one.wrong);
    EXPECT_TRUE(errors.contains("this is not YAML")) << errors;
    EXPECT_TRUE(errors.contains(one.hint)) << one.wrong << "\n" << errors;
  }
}

TEST(YamlHint, SuspectsNothingInWhatIsRight) {
  for (const char* document : {"deploy/config/headrace.yaml", "deploy/config/plans.yaml",
                               "deploy/config/demo.yaml", "bench/peers/headrace_governed.yaml"}) {
    EXPECT_EQ(yaml_hint(read_source_file(document), UINT32_MAX), "") << document;
  }
  for (const char* text :
       {"", "a: |\n  any: : [ thing\n  \"\n\nb: it's\n", "a: \"x # y\" # z \"\n",
        "a:\n- 1\n- b: 2\n  c: 3\n", "a: [1,\n  2,\n x]\nb: {c: '}',\n d: 1}\r\n", "- - a\n  - b\n",
        "a: 'it''s'\n"}) {
    EXPECT_EQ(yaml_hint(text, UINT32_MAX), "") << text;
  }
}

}  // namespace
}  // namespace headrace::policy::config
