// Runs the load: threads, rounds, targets; and adds up what they measured.
//
// Threads: each worker thread has a shard of its own and takes part in every round of every target
//          (a share of the connections and of the rate); they begin a round together. progress()
//          may be called from another thread meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "tools/load/options.h"
#include "tools/load/request_source.h"
#include "tools/load/tally.h"

namespace headrace::tools::load {

// One step of the schedule at one target, all rounds and threads together.
struct StepResult {
  double rate_wanted = 0;  // requests per second; 0: closed loop
  core::Duration measured{};
  Tally tally;
  // Of each round, for the spread.
  struct Round {
    double rate = 0;
    std::uint64_t p50_nanos = 0;
    std::uint64_t p99_nanos = 0;
  };
  std::vector<Round> rounds;
};

struct TargetResult {
  std::string label;
  std::string url;
  std::vector<std::unique_ptr<StepResult>> steps;
  std::uint64_t connections_opened = 0;  // in the warm-up too

  [[nodiscard]] double errors_share() const;
  // Some request was started behind the warm-up.
  [[nodiscard]] bool measured_any() const;
};

struct RunResult {
  std::vector<TargetResult> targets;
  double cpu_seconds = 0;  // of the generator
  double wall_seconds = 0;
  std::uint32_t threads = 1;
  bool interrupted = false;
};

// Where the run stands.
struct Progress {
  std::uint32_t round = 0;
  std::size_t target = 0;  // the first of those under load
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t p50_nanos = 0;
  std::uint64_t p99_nanos = 0;
  std::uint64_t token_events = 0;
  bool running = false;
};

class Runner {
 public:
  // The error is words for the user.
  static std::expected<std::unique_ptr<Runner>, std::string> make(const LoadOptions& options);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Blocks until all is done or interrupt() was called.
  RunResult run();
  // From any thread, a signal handler too.
  void interrupt() { interrupted_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] Progress progress() const;

 private:
  struct Worker;
  struct Job;  // one round of one target, or of all together

  explicit Runner(const LoadOptions& options);
  void work_on(Worker& worker, std::size_t job_number);
  [[nodiscard]] RunResult results() const;

  const LoadOptions& options_;
  std::vector<RequestSource> sources_;  // by target
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<Job>> jobs_;
  std::atomic<std::size_t> current_job_{0};
  std::atomic<bool> interrupted_{false};
};

}  // namespace headrace::tools::load
