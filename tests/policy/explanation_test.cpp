#include "policy/explanation.h"

#include <string>

#include <gtest/gtest.h>
#include <simdjson.h>

namespace headrace::policy {
namespace {

core::Instant at(std::int64_t micros) {
  return core::Instant(std::chrono::hours(1) + std::chrono::microseconds(micros));
}

std::string written(Explanation& explanation, std::string_view said, std::int64_t now) {
  std::array<char, kExplanationBytesMax> room;
  return std::string(write_explanation(explanation, said, at(now), room));
}

TEST(Explanation, TellsEachStageItsTime) {
  Explanation explanation(at(0));
  explanation.enter(Stage::identify, at(3));
  explanation.enter(Stage::route, at(10));
  explanation.enter(Stage::upstream, at(11));
  explanation.enter(Stage::route, at(111));  // to another target
  explanation.enter(Stage::upstream, at(113));
  explanation.provider = "acme";
  explanation.attempts = 2;
  explanation.waited = std::chrono::milliseconds(12);
  explanation.price_version = 0x1234567890abcdefU;
  explanation.reserved = core::MicroUsd(77);
  EXPECT_EQ(written(explanation, "ok", 120),
            R"({"stages_us":{"head":3,"identify":7,"route":3,"upstream":107},"limit":null,)"
            R"("scope":null,"provider":"acme","model":null,"why":null,"attempts":2,)"
            R"("waited_us":12000,"cache":null,)"
            R"("price":"1234567890abcdef","cost_micro_usd":null,"reserved_micro_usd":77,)"
            R"("said":"ok"})");
}

TEST(Explanation, IsAsciiAndJsonWhateverItHolds) {
  simdjson::dom::parser parser;
  std::string endless;
  while (endless.size() < 3000)
    endless += "\u00e9\u20ac\U0001F600\"\\\n";
  for (const std::string& text : {std::string("R\u00e9ponse \U0001F600"), endless,
                                  std::string(3000, '\x02'), std::string("\xff\xc3")}) {
    Explanation explanation(at(0));
    for (std::size_t i = 0; i < kStageNames.size(); ++i) {
      explanation.enter(static_cast<Stage>(i), core::Instant(core::Duration::max() / 2));
    }
    explanation.limit = explanation.scope = explanation.provider = explanation.model =
        explanation.why = explanation.cache = text;
    explanation.attempts = UINT32_MAX;
    explanation.price_version = UINT64_MAX;
    explanation.cost = explanation.reserved = core::MicroUsd(INT64_MAX);
    std::array<char, kExplanationBytesMax> room;
    const std::string line(
        write_explanation(explanation, text, core::Instant(core::Duration::max() / 2), room));
    for (const char c : line)
      ASSERT_TRUE(c >= 0x20 && c < 0x7f) << line;
    EXPECT_EQ(parser.parse(line).error(), simdjson::SUCCESS) << line;
  }
  Explanation explanation(at(0));
  EXPECT_NE(written(explanation, "R\u00e9ponse \U0001F600", 0).find(R"(R\u00e9ponse \ud83d\ude00)"),
            std::string::npos);
}

}  // namespace
}  // namespace headrace::policy
