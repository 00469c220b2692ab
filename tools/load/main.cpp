// headrace-load: runs the load and reports.
#include <cstdio>
#include <fstream>
#include <optional>

#include <fmt/format.h>
#include <signal.h>

#include "core/terminal_text.h"
#include "tools/load/command_line.h"
#include "tools/load/progress_printer.h"
#include "tools/load/report.h"
#include "tools/load/runner.h"

namespace {

using namespace headrace::tools::load;

bool write_file(const std::string& path, const std::string& text) {
  if (path.empty()) return true;
  if (path == "-") {
    fmt::print("{}", text);
    return true;
  }
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file)
    fmt::print(stderr, "headrace-load: cannot write \"{}\"\n", headrace::core::terminal_line(path));
  return !file.fail();
}

Runner* running = nullptr;

void on_interrupt(int) {
  if (running != nullptr) running->interrupt();
}

int run(const CommandLine& line) {
  const auto runner = Runner::make(line.options);
  if (!runner) {
    fmt::print(stderr, "headrace-load: {}\n", headrace::core::terminal_lines(runner.error()));
    return 1;
  }
  running = runner->get();
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);

  RunResult result;
  {
    std::optional<ProgressPrinter> progress;
    if (!line.quiet) progress.emplace(**runner, line.options);
    result = (*runner)->run();
  }
  running = nullptr;
  if (line.json_path != "-")
    fmt::print("{}", headrace::core::terminal_lines(text_report(line.options, result)));
  bool written = write_file(line.json_path, json_report(line.options, result));
  if (!line.svg_path.empty()) {
    written = write_file(line.svg_path, plot_report(line.options, result)) && written;
  }
  if (!written) return 1;
  for (const TargetResult& target : result.targets) {
    if (!target.measured_any()) {
      fmt::print(stderr,
                 "headrace-load: no request to {} was measured: they ended in the warm-up "
                 "(--warm-up), which --requests counts too\n",
                 headrace::core::terminal_line(target.label));
      return 1;
    }
    if (target.errors_share() <= line.options.errors_share_max) continue;
    fmt::print(stderr, "headrace-load: {:.2f} % of the requests to {} failed, more than {:.2f} %\n",
               100 * target.errors_share(), headrace::core::terminal_line(target.label),
               100 * line.options.errors_share_max);
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto line = parse_command_line(argc, argv);
  return line ? run(*line) : line.error();
}
