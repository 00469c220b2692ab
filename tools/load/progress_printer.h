// Prints a line about a run each second, to standard error, until it is destroyed.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "tools/load/options.h"
#include "tools/load/runner.h"

namespace headrace::tools::load {

class ProgressPrinter {
 public:
  // Both outlive it.
  ProgressPrinter(const Runner& runner, const LoadOptions& options);
  ~ProgressPrinter();
  ProgressPrinter(const ProgressPrinter&) = delete;
  ProgressPrinter& operator=(const ProgressPrinter&) = delete;

 private:
  void print_until_over();
  void print(const Progress& now);

  const Runner& runner_;
  const LoadOptions& options_;
  Progress before_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace headrace::tools::load
