#include "tools/load/runner.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <thread>

#include <sys/resource.h>

#include "core/shard.h"
#include "core/shard_thread.h"
#include "tools/load/target_load.h"

namespace headrace::tools::load {
namespace {

// So that an interruption is seen soon.
constexpr core::Duration kTurnMax = std::chrono::milliseconds(50);

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double seconds(core::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

class NoHooks final : public core::ShardHooks {};

}  // namespace

// Tallies of one target in one round and one thread: the warm-up's, then each step's.
struct Runner::Job {
  struct Part {
    std::size_t target = 0;
    std::vector<std::vector<Tally>> tallies;  // by worker
    std::vector<core::Duration> measured;     // by worker
  };
  std::uint32_t round = 0;
  std::vector<Part> parts;
};

struct Runner::Worker {
  std::uint32_t number = 0;
  NoHooks hooks;
  std::unique_ptr<core::Shard> shard;
};

bool TargetResult::measured_any() const {
  return std::ranges::any_of(steps,
                             [](const auto& step) { return step->tally.started.value() > 0; });
}

double TargetResult::errors_share() const {
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t unfinished = 0;
  for (const auto& step : steps) {
    completed += step->tally.completed.value();
    failed += step->tally.failed();
    unfinished += step->tally.unfinished.value();
  }
  // Streams longer than the run never complete; a run without any answer is a failure.
  if (completed == 0) return unfinished > 0 ? 0.0 : 1.0;
  return static_cast<double>(failed) / static_cast<double>(completed);
}

Runner::Runner(const LoadOptions& options) : options_(options) {
  const std::size_t targets = options.targets.size();
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    for (std::size_t first = 0; first < targets; first += options.together ? targets : 1) {
      auto job = std::make_unique<Job>();
      job->round = round;
      for (std::size_t i = first; i < (options.together ? targets : first + 1); ++i) {
        Job::Part part;
        part.target = i;
        for (std::uint32_t worker = 0; worker < options.threads; ++worker) {
          part.tallies.emplace_back(options.steps.size() + 1);
        }
        part.measured.resize(options.threads);
        job->parts.push_back(std::move(part));
      }
      jobs_.push_back(std::move(job));
    }
  }
}

Runner::~Runner() = default;

std::expected<std::unique_ptr<Runner>, std::string> Runner::make(const LoadOptions& options) {
  std::unique_ptr<Runner> runner(new Runner(options));
  for (const Target& target : options.targets) {
    auto source = RequestSource::make(target, options);
    if (!source) return std::unexpected(source.error());
    runner->sources_.push_back(*std::move(source));
  }
  for (std::uint32_t number = 0; number < options.threads; ++number) {
    core::IoOptions io_options;
    io_options.small_buffers = 1024;
    io_options.small_buffer_bytes = 16 * 1024;
    io_options.bulk_buffers = 1;
    io_options.bulk_buffer_bytes = 4096;
    io_options.spin = options.spin;
    auto io = core::Io::create(io_options);
    if (!io) return std::unexpected(io.error());
    auto worker = std::make_unique<Worker>();
    worker->number = number;
    worker->shard = std::make_unique<core::Shard>(number, std::move(*io), nullptr, worker->hooks);
    runner->workers_.push_back(std::move(worker));
  }
  return runner;
}

RunResult Runner::run() {
  const double cpu_before = cpu_seconds();
  const auto wall_before = std::chrono::steady_clock::now();
  std::barrier together(static_cast<std::ptrdiff_t>(workers_.size()));
  std::vector<std::thread> threads;
  for (const auto& worker : workers_) {
    threads.emplace_back([this, &worker, &together] {
      core::name_thread("load-" + std::to_string(worker->number));
      if (!options_.processors.empty()) {
        const auto cpu = options_.processors[worker->number % options_.processors.size()];
        (void)core::pin_to_processor(cpu);  // a processor that is not ours: run unpinned
      }
      worker->shard->start();
      for (std::size_t job = 0; job < jobs_.size(); ++job) {
        together.arrive_and_wait();
        if (worker->number == 0) current_job_.store(job, std::memory_order_release);
        work_on(*worker, job);
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  RunResult result = results();
  result.cpu_seconds = cpu_seconds() - cpu_before;
  result.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_before).count();
  result.threads = options_.threads;
  result.interrupted = interrupted_.load(std::memory_order_relaxed);
  return result;
}

void Runner::work_on(Worker& worker, std::size_t job_number) {
  Job& job = *jobs_[job_number];
  core::Shard& shard = *worker.shard;
  std::vector<std::unique_ptr<TargetLoad>> loads;
  for (Job::Part& part : job.parts) {
    loads.push_back(std::make_unique<TargetLoad>(
        shard, options_, part.target, sources_[part.target],
        WorkerShare{.number = worker.number, .count = options_.threads}, job.round,
        part.tallies[worker.number]));
  }
  shard.turn(core::Instant::min());  // the clock has moved on since the last round
  for (const auto& load : loads)
    load->start();
  for (bool over = false; !over;) {
    core::Instant until = shard.now() + kTurnMax;
    for (const auto& load : loads)
      until = std::min(until, load->next_due());
    shard.turn(until);
    over = true;
    for (const auto& load : loads) {
      if (interrupted_.load(std::memory_order_relaxed)) load->stop();
      over = load->on_turn() && over;
    }
  }
  for (std::size_t i = 0; i < loads.size(); ++i) {
    job.parts[i].measured[worker.number] = loads[i]->measured();
  }
}

Progress Runner::progress() const {
  const std::size_t number = current_job_.load(std::memory_order_acquire);
  const Job& job = *jobs_[number];
  Progress progress;
  progress.round = job.round;
  progress.target = job.parts.front().target;
  Tally sum;
  for (const Job::Part& part : job.parts) {
    for (const auto& worker : part.tallies) {
      for (std::size_t step = 1; step < worker.size(); ++step)
        sum.merge(worker[step]);
    }
  }
  progress.running = sum.started.value() > 0;
  progress.completed = sum.completed.value();
  progress.failed = sum.failed();
  progress.p50_nanos = sum.latency.quantile(0.5);
  progress.p99_nanos = sum.latency.quantile(0.99);
  progress.token_events = sum.token_events.value();
  return progress;
}

RunResult Runner::results() const {
  RunResult result;
  for (const Target& target : options_.targets) {
    TargetResult row{.label = target.label, .url = target.url, .steps = {}};
    for (const RateStep& step : options_.steps) {
      row.steps.push_back(std::make_unique<StepResult>());
      row.steps.back()->rate_wanted = options_.loop == Loop::open ? step.requests_per_second : 0;
    }
    result.targets.push_back(std::move(row));
  }
  for (const auto& job : jobs_) {
    for (const Job::Part& part : job->parts) {
      TargetResult& target = result.targets[part.target];
      const core::Duration whole = *std::ranges::max_element(part.measured);
      for (const auto& worker : part.tallies) {
        target.connections_opened += worker.front().connections_opened.value();
      }
      core::Duration before{};
      for (std::size_t i = 0; i < target.steps.size(); ++i) {
        auto round = std::make_unique<Tally>();
        for (const auto& worker : part.tallies)
          round->merge(worker[i + 1]);
        // A run that was cut short may have left the later steps undone.
        const core::Duration measured =
            std::clamp(whole - before, core::Duration::zero(), options_.steps[i].duration);
        before += options_.steps[i].duration;
        StepResult& step = *target.steps[i];
        step.measured += measured;
        step.tally.merge(*round);
        target.connections_opened += round->connections_opened.value();
        const double took = seconds(measured);
        step.rounds.push_back(
            {.rate = took > 0 ? static_cast<double>(round->succeeded.value()) / took : 0,
             .p50_nanos = round->latency.quantile(0.5),
             .p99_nanos = round->latency.quantile(0.99)});
      }
    }
  }
  return result;
}

}  // namespace headrace::tools::load
