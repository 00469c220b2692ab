#include "tools/load/progress_printer.h"

#include <chrono>
#include <cstdio>

#include <fmt/format.h>

#include "tools/load/report.h"

namespace headrace::tools::load {

ProgressPrinter::ProgressPrinter(const Runner& runner, const LoadOptions& options)
    : runner_(runner), options_(options), thread_([this] { print_until_over(); }) {}

ProgressPrinter::~ProgressPrinter() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void ProgressPrinter::print_until_over() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, std::chrono::seconds(1), [this] { return over_; })) {
    const Progress now = runner_.progress();
    print(now);
    before_ = now;
  }
}

void ProgressPrinter::print(const Progress& now) {
  const std::string& label = options_.together ? "all targets" : options_.targets[now.target].label;
  if (!now.running) {
    fmt::print(stderr, "{}: warming up\n", label);
    return;
  }
  const bool same = now.round == before_.round && now.target == before_.target;
  std::string line = fmt::format(
      "{}: {} requests/s, p50 {}, p99 {}", label, now.completed - (same ? before_.completed : 0),
      time_text(static_cast<double>(now.p50_nanos)), time_text(static_cast<double>(now.p99_nanos)));
  if (const auto tokens = now.token_events - (same ? before_.token_events : 0); tokens > 0) {
    line += fmt::format(", {} tokens/s", tokens);
  }
  if (now.failed > 0) line += fmt::format(", {} failed", now.failed);
  fmt::print(stderr, "{}\n", line);
}

}  // namespace headrace::tools::load
