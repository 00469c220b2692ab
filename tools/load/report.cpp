#include "tools/load/report.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

namespace headrace::tools::load {
namespace {

double seconds(core::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double rate(const StepResult& step) {
  const double took = seconds(step.measured);
  return took > 0 ? static_cast<double>(step.tally.succeeded.value()) / took : 0;
}

double mean(const core::Histogram& histogram) {
  const auto count = histogram.count();
  return count == 0 ? 0 : static_cast<double>(histogram.sum()) / static_cast<double>(count);
}

std::string bytes_text(double bytes) {
  for (const char* unit : {"B", "KiB", "MiB"}) {
    if (bytes < 1024) return fmt::format("{:.1f} {}", bytes, unit);
    bytes /= 1024;
  }
  return fmt::format("{:.1f} GiB", bytes);
}

// Rows of one table: a name and a cell per target, left out where no target has a value.
class Table {
 public:
  explicit Table(std::vector<const StepResult*> columns) : columns_(std::move(columns)) {}

  void row(const std::string& name, const std::function<std::string(const StepResult&)>& cell) {
    std::vector<std::string> cells;
    for (const StepResult* column : columns_)
      cells.push_back(cell(*column));
    if (std::ranges::all_of(cells, &std::string::empty)) return;
    rows_.push_back({name, std::move(cells)});
  }
  void heading(const std::string& name) { rows_.push_back({name, {}}); }

  // Mean, percentiles and maximum of one histogram.
  void times(const std::string& name, core::Histogram Tally::* which) {
    if (std::ranges::all_of(columns_, [&](const StepResult* column) {
          return (column->tally.*which).count() == 0;
        })) {
      return;
    }
    heading(name);
    const auto cell = [which](const StepResult& step, auto value) {
      const core::Histogram& histogram = step.tally.*which;
      return histogram.count() == 0 ? std::string("-") : time_text(value(histogram));
    };
    row("  mean", [&](const StepResult& step) { return cell(step, mean); });
    for (const Percentile& percentile : kPercentiles) {
      row(fmt::format("  {}", percentile.name), [&](const StepResult& step) {
        return cell(step, [&](const core::Histogram& histogram) {
          return static_cast<double>(histogram.quantile(percentile.quantile));
        });
      });
    }
  }

  [[nodiscard]] std::string text(const std::vector<std::string>& labels) const {
    std::size_t first = 0;
    for (const Row& row : rows_)
      first = std::max(first, row.name.size());
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      std::size_t width = labels[i].size();
      for (const Row& row : rows_) {
        if (!row.cells.empty()) width = std::max(width, row.cells[i].size());
      }
      widths.push_back(width);
    }
    std::string out = std::string(first, ' ');
    for (std::size_t i = 0; i < labels.size(); ++i) {
      out += fmt::format("  {:>{}}", labels[i], widths[i]);
    }
    out += '\n';
    for (const Row& row : rows_) {
      std::string line = fmt::format("{:<{}}", row.name, first);
      for (std::size_t i = 0; i < row.cells.size(); ++i) {
        line += fmt::format("  {:>{}}", row.cells[i], widths[i]);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + '\n';
    }
    return out;
  }

 private:
  struct Row {
    std::string name;
    std::vector<std::string> cells;
  };
  std::vector<const StepResult*> columns_;
  std::vector<Row> rows_;
};

void add_counts(Table& table) {
  table.row("requests",
            [](const StepResult& step) { return fmt::format("{}", step.tally.completed.value()); });
  table.row("per second", [](const StepResult& step) { return fmt::format("{:.1f}", rate(step)); });
  table.row("  wanted", [](const StepResult& step) {
    return step.rate_wanted > 0 ? fmt::format("{:.1f}", step.rate_wanted) : std::string();
  });
  table.row("failed", [](const StepResult& step) {
    const auto completed = step.tally.completed.value();
    const auto failed = step.tally.failed();
    const double share =
        completed == 0 ? 0 : 100.0 * static_cast<double>(failed) / static_cast<double>(completed);
    return fmt::format("{} ({:.2f} %)", failed, share);
  });
  for (std::size_t i = 0; i < kFailureCount; ++i) {
    table.row(fmt::format("  {}", failure_name(static_cast<Failure>(i))),
              [i](const StepResult& step) {
                const auto count = step.tally.failures[i].value();
                return count == 0 ? std::string() : fmt::format("{}", count);
              });
  }
  table.row("cut by the end", [](const StepResult& step) {
    const auto count = step.tally.unfinished.value();
    return count == 0 ? std::string() : fmt::format("{}", count);
  });
  table.row("received per second", [](const StepResult& step) {
    const double took = seconds(step.measured);
    if (took <= 0) return std::string();
    return bytes_text(static_cast<double>(step.tally.bytes_received.value()) / took);
  });
}

void add_streams(Table& table) {
  table.times("time to first token", &Tally::first_token);
  table.times("gap between tokens", &Tally::gap);
  table.times("delay of events", &Tally::event_delay);
  table.row("tokens per second", [](const StepResult& step) {
    const auto count = step.tally.token_events.value();
    const double took = seconds(step.measured);
    if (count == 0 || took <= 0) return std::string();
    return fmt::format("{:.0f}", static_cast<double>(count) / took);
  });
  table.row("  of one stream (p50)", [](const StepResult& step) {
    if (step.tally.stream_rate.count() == 0) return std::string();
    return fmt::format("{:.1f}",
                       static_cast<double>(step.tally.stream_rate.quantile(0.5)) / 1000.0);
  });
}

void add_rounds(Table& table, std::uint32_t rounds) {
  if (rounds < 2) return;
  const auto spread = [](const StepResult& step, auto value, auto text) {
    std::vector<double> values;
    for (const StepResult::Round& round : step.rounds)
      values.push_back(value(round));
    std::ranges::sort(values);
    return fmt::format("{} .. {}", text(values.front()), text(values.back()));
  };
  table.heading("over the rounds");
  table.row("  per second", [&](const StepResult& step) {
    return spread(
        step, [](const StepResult::Round& round) { return round.rate; },
        [](double value) { return fmt::format("{:.1f}", value); });
  });
  table.row("  p50", [&](const StepResult& step) {
    return spread(
        step, [](const StepResult::Round& round) { return static_cast<double>(round.p50_nanos); },
        time_text);
  });
  table.row("  p99", [&](const StepResult& step) {
    return spread(
        step, [](const StepResult::Round& round) { return static_cast<double>(round.p99_nanos); },
        time_text);
  });
}

std::string head_line(const LoadOptions& options) {
  std::string line = options.loop == Loop::open ? "open loop" : "closed loop";
  line += fmt::format(", {}{} connections, {}", options.loop == Loop::open ? "at most " : "",
                      options.connections,
                      options.keep_alive ? "keep-alive" : "a new one for each request");
  line += fmt::format(", {:.3g} s after {:.3g} s of warm-up", seconds(options.duration()),
                      seconds(options.warm_up));
  if (options.rounds > 1) line += fmt::format(", {} rounds", options.rounds);
  return line + fmt::format(", seed {}\n", options.seed);
}

std::string generator_lines(const RunResult& result) {
  const double cores = result.wall_seconds > 0 ? result.cpu_seconds / result.wall_seconds : 0;
  std::string text = fmt::format("\ngenerator: {:.2f} of {} core{} used\n", cores, result.threads,
                                 result.threads == 1 ? "" : "s");
  if (cores > 0.85 * result.threads) {
    text += "  That is nearly all it has: what was measured may be the generator's own limit.\n";
  }
  if (result.interrupted) text += "  Interrupted: the figures are of the time until then.\n";
  return text;
}

}  // namespace

std::string time_text(double nanos) {
  struct Unit {
    double nanos;
    const char* name;
  };
  for (const Unit& unit : {Unit{1e9, "s"}, Unit{1e6, "ms"}, Unit{1e3, "us"}}) {
    const double value = nanos / unit.nanos;
    if (value < 0.9995) continue;
    const int digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    return fmt::format("{:.{}f} {}", value, digits, unit.name);
  }
  return fmt::format("{:.0f} ns", nanos);
}

std::string text_report(const LoadOptions& options, const RunResult& result) {
  std::string out = head_line(options);
  std::vector<std::string> labels;
  for (const TargetResult& target : result.targets)
    labels.push_back(target.label);
  for (std::size_t i = 0; i < options.steps.size(); ++i) {
    std::vector<const StepResult*> columns;
    for (const TargetResult& target : result.targets)
      columns.push_back(target.steps[i].get());
    Table table(std::move(columns));
    add_counts(table);
    table.times("latency", &Tally::latency);
    if (options.loop == Loop::open) {
      table.times("  from the true start", &Tally::service);
      table.times("  lateness of the generator", &Tally::lag);
    }
    add_streams(table);
    if (!options.keep_alive) table.times("connecting", &Tally::connect);
    add_rounds(table, options.rounds);
    out += '\n';
    if (options.steps.size() > 1) {
      out += fmt::format("step {}: {:.6g} requests per second for {:.3g} s\n", i + 1,
                         options.steps[i].requests_per_second, seconds(options.steps[i].duration));
    }
    out += table.text(labels);
  }
  return out + generator_lines(result);
}

}  // namespace headrace::tools::load
