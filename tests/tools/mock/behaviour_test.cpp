#include "tools/mock/behaviour.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tools/mock/hostile.h"

namespace headrace::tools::mock {
namespace {

bool applies(std::string_view name, std::string_view value) {
  Behaviour behaviour;
  const Setting* setting = find_setting(name);
  return setting != nullptr && setting->apply(behaviour, value).has_value();
}

TEST(Behaviour, EverySettingIsNamedOnceAndExplained) {
  std::set<std::string_view> names;
  for (const Setting& setting : settings()) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
    EXPECT_FALSE(setting.help.empty()) << setting.name;
    EXPECT_EQ(find_setting(setting.name), &setting);
  }
  EXPECT_EQ(find_setting("no-such-setting"), nullptr);
}

TEST(Behaviour, JudgesValues) {
  struct Case {
    std::string_view name;
    std::string_view value;
    bool good;
  };
  for (const Case& expected : {
           Case{"status", "429", true},
           Case{"status", "600", false},
           Case{"status", "199", false},
           Case{"status", "4x", false},
           Case{"error", "insufficient_quota", true},
           Case{"error", "bad", false},
           Case{"error-rate", "0.5", true},
           Case{"error-rate", "1.01", false},
           Case{"latency", "1s", true},
           Case{"latency", "1e15m", false},
           Case{"reset-at-byte", "0", true},
           Case{"reset-at-byte", "-1", false},
           Case{"reset-at-byte", "1.5", false},
           Case{"tokens-per-event", "5000000000", false},
           Case{"interim", "100,103", true},
           Case{"interim", "200", false},
           Case{"interim", "100,", true},
           Case{"header", "A: b", true},
           Case{"header", "A: b\r\nC: d", false},
           Case{"header", "Ab", false},
           Case{"header", ": b", false},
           Case{"retry-after", "0.5", true},
           Case{"retry-after", "date:2", true},
           Case{"retry-after", "ms:100", true},
           Case{"retry-after", "text:soon", true},
           Case{"retry-after", "soon", false},
           Case{"hostile", "http-0-9", true},
           Case{"hostile", "kind", false},
           Case{"early", "yes", true},
           Case{"early", "perhaps", false},
           Case{"tool", "call", true},
           Case{"tool", "calls", false},
       }) {
    EXPECT_EQ(applies(expected.name, expected.value), expected.good)
        << expected.name << ": " << expected.value;
  }
}

TEST(Hostile, EveryAnswerIsNamedOnceAndWrites) {
  std::set<std::string_view> names;
  for (const HostileAnswer& answer : hostile_answers()) {
    EXPECT_TRUE(names.insert(answer.name).second) << answer.name;
    EXPECT_EQ(find_hostile(answer.name), &answer);
    EXPECT_EQ(&hostile_answer(answer.kind), &answer);
    std::string out;
    if (answer.kind == Hostile::none) continue;
    put_hostile_answer(out, answer.kind, R"({"a":1})");
    EXPECT_FALSE(out.empty()) << answer.name;
  }
}

TEST(Hostile, OverflowingLengthWrapsToTheTrueOne) {
  std::string out;
  put_hostile_answer(out, Hostile::length_overflow, "12345");
  EXPECT_NE(out.find("Content-Length: 18446744073709551621\r\n"), std::string::npos) << out;
}

}  // namespace
}  // namespace headrace::tools::mock
