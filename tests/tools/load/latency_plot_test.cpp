#include "tools/load/latency_plot.h"

#include <algorithm>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tools/load/report.h"

namespace headrace::tools::load {
namespace {

// Every element is closed in order and every attribute quoted: enough of XML for what is drawn.
bool well_formed(const std::string& svg) {
  std::vector<std::string> open;
  const std::regex tag(R"(<(/?)([a-z]+)((?: [a-zA-Z0-9:-]+="[^"<]*")*)(/?)>)");
  std::size_t elements = 0;
  for (std::sregex_iterator at(svg.begin(), svg.end(), tag), end; at != end; ++at) {
    ++elements;
    const auto& match = *at;
    if (match[1].length() > 0) {
      if (open.empty() || open.back() != match[2].str()) return false;
      open.pop_back();
    } else if (match[4].length() == 0) {
      open.push_back(match[2].str());
    }
  }
  const auto brackets = static_cast<std::size_t>(std::ranges::count(svg, '<'));
  return open.empty() && brackets == elements;
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

TEST(LatencyPlot, DrawsEverySeriesWithAxesAndLegend) {
  const auto fast = std::make_unique<core::Histogram>();
  const auto slow = std::make_unique<core::Histogram>();
  for (std::uint64_t i = 1; i <= 100'000; ++i) {
    fast->record(50'000 + i);
    slow->record(100'000 + i * i / 100);
  }
  const std::string svg = latency_plot({.title = "A & B", .subtitle = "<s>"},
                                       {{"fast", fast.get()}, {"slow <1>", slow.get()}});
  EXPECT_TRUE(well_formed(svg)) << svg;
  EXPECT_NE(svg.find("A &amp; B"), std::string::npos);
  EXPECT_NE(svg.find("slow &lt;1&gt;: p50 "), std::string::npos);
  EXPECT_NE(svg.find(">99.99 %<"), std::string::npos);
  EXPECT_NE(svg.find("(logarithmic)"), std::string::npos);
  EXPECT_EQ(count(svg, "stroke-linejoin"), 2U);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
}

TEST(LatencyPlot, BearsOneValueAndNone) {
  const auto one = std::make_unique<core::Histogram>();
  one->record(1);
  const std::string svg = latency_plot({.title = "t", .subtitle = ""}, {{"one", one.get()}});
  EXPECT_TRUE(well_formed(svg)) << svg;
  EXPECT_EQ(svg.find("nan"), std::string::npos) << svg;
  EXPECT_TRUE(well_formed(latency_plot({.title = "t", .subtitle = ""}, {})));
}

TEST(TimeText, ShowsThreeFigures) {
  struct Case {
    double nanos;
    std::string_view text;
  };
  for (const Case& expected :
       {Case{0, "0 ns"}, Case{999, "999 ns"}, Case{1000, "1.00 us"}, Case{9990, "9.99 us"},
        Case{41'300, "41.3 us"}, Case{930'000, "930 us"}, Case{999'900, "1.00 ms"},
        Case{2'510'000, "2.51 ms"}, Case{61e9, "61.0 s"}}) {
    EXPECT_EQ(time_text(expected.nanos), expected.text);
  }
}

}  // namespace
}  // namespace headrace::tools::load
