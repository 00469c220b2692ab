#include <fmt/format.h>

#include "tools/load/latency_plot.h"
#include "tools/load/report.h"

namespace headrace::tools::load {

std::string plot_report(const LoadOptions& options, const RunResult& result) {
  std::vector<PlotSeries> series;
  for (const TargetResult& target : result.targets) {
    for (const auto& step : target.steps) {
      if (step->tally.latency.count() == 0) continue;
      std::string label = target.label;
      if (target.steps.size() > 1) label += fmt::format(" at {:.6g}/s", step->rate_wanted);
      series.push_back({std::move(label), &step->tally.latency});
    }
  }
  const auto seconds = [](core::Duration d) { return std::chrono::duration<double>(d).count(); };
  PlotText text;
  text.title = "Latency by percentile";
  text.subtitle = options.loop == Loop::open
                      ? fmt::format(
                            "open loop, {:.3g} s, from the time each request was meant to "
                            "start",
                            seconds(options.duration()))
                      : fmt::format("closed loop, {} connections, {:.3g} s", options.connections,
                                    seconds(options.duration()));
  return latency_plot(text, series);
}

}  // namespace headrace::tools::load
