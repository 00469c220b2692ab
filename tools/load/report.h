// What a run measured, as text and picture for people and as JSON for programs.
#pragma once

#include <array>
#include <string>

#include "tools/load/options.h"
#include "tools/load/runner.h"

namespace headrace::tools::load {

struct Percentile {
  double quantile;
  const char* name;
};
inline constexpr std::array<Percentile, 7> kPercentiles{{{0.5, "p50"},
                                                         {0.75, "p75"},
                                                         {0.9, "p90"},
                                                         {0.99, "p99"},
                                                         {0.999, "p99.9"},
                                                         {0.9999, "p99.99"},
                                                         {1.0, "max"}}};

// A table with a column per target; a table per step of the schedule.
std::string text_report(const LoadOptions& options, const RunResult& result);
std::string json_report(const LoadOptions& options, const RunResult& result);
// As SVG: the latency of every target and step by percentile.
std::string plot_report(const LoadOptions& options, const RunResult& result);
// "930 ns", "41.3 us", "2.51 ms", "1.20 s": three figures.
std::string time_text(double nanos);

}  // namespace headrace::tools::load
