// A config that was damaged on its way is refused with words, or compiles to a base that opens;
// nothing else ever happens. The mutations are the same on every run.
#include <random>

#include <gtest/gtest.h>

#include "policy/config/effective_yaml.h"
#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

using Random = std::mt19937_64;

constexpr std::string_view kPieces[] = {"\n",
                                        "  ",
                                        ": ",
                                        "- ",
                                        "[",
                                        "]",
                                        "{",
                                        "}",
                                        "\"",
                                        "'",
                                        "#",
                                        "&a ",
                                        "*a",
                                        "!x ",
                                        "|\n",
                                        "---\n",
                                        "${",
                                        "}",
                                        "$${",
                                        "\t",
                                        "\r",
                                        "\x01",
                                        "\xff",
                                        "\xc3",
                                        "*",
                                        "null",
                                        "~",
                                        "true",
                                        "-1",
                                        "0",
                                        "99999999999999999999",
                                        "1KiB",
                                        "keys:",
                                        "models:",
                                        "../",
                                        "http://169.254.169.254",
                                        "${HEADRACE_KEY}",
                                        "<sealed>",
                                        "? ",
                                        ",",
                                        "\\",
                                        "%",
                                        "@",
                                        "\xe2\x80\xa8"};

std::string mutated(std::string text, Random& random) {
  const std::size_t changes = 1 + random() % 3;
  for (std::size_t i = 0; i < changes && !text.empty(); ++i) {
    const std::size_t at = random() % text.size();
    switch (random() % 7) {
      case 0:
        text[at] = static_cast<char>(random() & 0xff);
        break;
      case 1:
        text[at] = static_cast<char>(text[at] ^ static_cast<char>(1U << random() % 8));
        break;
      case 2:
        text.erase(at, 1 + random() % 20);
        break;
      case 3:
        text.insert(at, kPieces[random() % std::size(kPieces)]);
        break;
      case 4: {  // a part stands twice
        const std::string part = text.substr(at, random() % 200);
        text.insert(random() % text.size(), part);
        break;
      }
      case 5:
        text.resize(at);
        break;
      default: {  // a line goes away
        const std::size_t start = text.rfind('\n', at) + 1;
        const std::size_t end = text.find('\n', at);
        text.erase(start, end == text.npos ? end : end + 1 - start);
        break;
      }
    }
  }
  return text;
}

void mutate(std::string_view sample, std::uint64_t seed) {
  const std::string text = read_source_file(sample);
  ASSERT_EQ(errors_of(text), "");
  Random random(seed);
  int taken = 0;
  int refused = 0;
  for (int round = 0; round < 2500; ++round) {
    const std::string yaml = mutated(text, random);
    const Compiled compiled = compile_text(yaml);
    if (compiled) {
      const auto view = ConfigView::open(*compiled);
      ASSERT_TRUE(view) << yaml << "\n" << view.error();
      EXPECT_FALSE(view->listeners().empty());
      EXPECT_FALSE(effective_yaml(*view).empty());
      ++taken;
    } else {
      ASSERT_FALSE(compiled.error().empty()) << yaml;
      for (const ConfigError& error : compiled.error()) {
        EXPECT_FALSE(error.message.empty());
        EXPECT_FALSE(error_text(error).contains("CANARY")) << error_text(error);
        // A fault of ours would be found here.
        EXPECT_FALSE(error.message.contains("could not be laid out")) << yaml << error.message;
      }
      ++refused;
    }
  }
  // Both happen, or the mutations are too weak or too strong to show anything.
  EXPECT_GT(taken, 100);
  EXPECT_GT(refused, 500);
}

TEST(ConfigMutations, OfTheFirstConfigAreRefusedOrOpen) {
  mutate("deploy/config/headrace.yaml", 1);
}
TEST(ConfigMutations, OfTheFirstConfigAreRefusedOrOpenAgain) {
  mutate("deploy/config/headrace.yaml", 2);
}
TEST(ConfigMutations, OfTheDemoAreRefusedOrOpen) {
  mutate("deploy/config/demo.yaml", 3);
}
TEST(ConfigMutations, OfTheDemoAreRefusedOrOpenAgain) {
  mutate("deploy/config/demo.yaml", 4);
}

}  // namespace
}  // namespace headrace::policy::config
