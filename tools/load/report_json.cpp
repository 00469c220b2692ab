#include <nlohmann/json.hpp>

#include "tools/load/report.h"

namespace headrace::tools::load {
namespace {

// Keeps the order in which members are written.
using json = nlohmann::ordered_json;

double seconds(core::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double micros(std::uint64_t nanos) {
  return static_cast<double>(nanos) / 1000.0;
}

json times(const core::Histogram& histogram) {
  const auto count = histogram.count();
  json out = {{"count", count}};
  if (count == 0) return out;
  out["mean"] = micros(histogram.sum()) / static_cast<double>(count);
  for (const Percentile& percentile : kPercentiles) {
    out[percentile.name] = micros(histogram.quantile(percentile.quantile));
  }
  return out;
}

json step_json(const StepResult& step) {
  const Tally& tally = step.tally;
  const double took = seconds(step.measured);
  json failures = json::object();
  for (std::size_t i = 0; i < kFailureCount; ++i) {
    const auto count = tally.failures[i].value();
    if (count > 0) failures[std::string(failure_name(static_cast<Failure>(i)))] = count;
  }
  json rounds = json::array();
  for (const StepResult::Round& round : step.rounds) {
    rounds.push_back({{"requests_per_second", round.rate},
                      {"p50_us", micros(round.p50_nanos)},
                      {"p99_us", micros(round.p99_nanos)}});
  }
  return {
      {"rate_wanted", step.rate_wanted},
      {"seconds", took},
      {"started", tally.started.value()},
      {"completed", tally.completed.value()},
      {"succeeded", tally.succeeded.value()},
      {"failed", tally.failed()},
      {"failures", std::move(failures)},
      {"unfinished", tally.unfinished.value()},
      {"requests_per_second", took > 0 ? static_cast<double>(tally.succeeded.value()) / took : 0.0},
      {"bytes_received", tally.bytes_received.value()},
      {"connections_opened", tally.connections_opened.value()},
      {"tls_resumed", tally.tls_resumed.value()},
      {"events", tally.events.value()},
      {"token_events", tally.token_events.value()},
      {"latency_us", times(tally.latency)},
      {"service_us", times(tally.service)},
      {"first_byte_us", times(tally.first_byte)},
      {"first_token_us", times(tally.first_token)},
      {"gap_us", times(tally.gap)},
      {"event_delay_us", times(tally.event_delay)},
      {"generator_lateness_us", times(tally.lag)},
      {"connect_us", times(tally.connect)},
      {"stream_tokens_per_second_p50",
       static_cast<double>(tally.stream_rate.quantile(0.5)) / 1000.0},
      {"rounds", std::move(rounds)},
  };
}

}  // namespace

std::string json_report(const LoadOptions& options, const RunResult& result) {
  json targets = json::array();
  for (const TargetResult& target : result.targets) {
    json steps = json::array();
    for (const auto& step : target.steps)
      steps.push_back(step_json(*step));
    targets.push_back({{"label", target.label},
                       {"url", target.url},
                       {"connections_opened", target.connections_opened},
                       {"errors_share", target.errors_share()},
                       {"steps", std::move(steps)}});
  }
  const json report = {
      {"tool", "headrace-load"},
      {"version", HEADRACE_VERSION},
      {"loop", options.loop == Loop::open ? "open" : "closed"},
      {"connections", options.connections},
      {"keep_alive", options.keep_alive},
      {"warm_up_seconds", seconds(options.warm_up)},
      {"rounds", options.rounds},
      {"together", options.together},
      {"threads", options.threads},
      {"seed", options.seed},
      {"generator", {{"cpu_seconds", result.cpu_seconds}, {"wall_seconds", result.wall_seconds}}},
      {"interrupted", result.interrupted},
      {"targets", std::move(targets)},
  };
  // What a target is called by may be any bytes.
  return report.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace headrace::tools::load
