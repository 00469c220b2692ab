#include "net/admin/provider_pages.h"

#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "net/admin/metric_head.h"

namespace headrace::net {

namespace {

constexpr std::array<std::string_view, policy::kMeasures> kMeasureNames = {
    "requests", "tokens", "input_tokens", "output_tokens"};

void gauge_head(std::string& out, std::string_view name, std::string_view help) {
  write_metric_head(out, name, help, "gauge");
}

std::string_view state_name(policy::BreakerState state) {
  return policy::kBreakerStateNames[static_cast<std::size_t>(std::to_underlying(state))];
}

std::string_view reason_name(policy::BenchReason reason) {
  return policy::kBenchReasonNames[static_cast<std::size_t>(std::to_underlying(reason))];
}

}  // namespace

void write_provider_metrics(std::string& out, const TargetStates& targets, core::Instant now) {
  const auto breakers = targets.report_breakers(now);
  const auto keys = targets.report_keys(now);
  auto line = std::back_inserter(out);
  gauge_head(out, "headrace_breaker_state",
             "Of a provider or a model on it: 0 closed, 1 open, 2 half-open.");
  for (const auto& each : breakers) {
    fmt::format_to(line, "headrace_breaker_state{{provider=\"{}\",model=\"{}\"}} {}\n",
                   each.provider, each.model, std::to_underlying(each.look.state));
  }
  gauge_head(out, "headrace_breaker_failures", "Failures within the breaker's window.");
  for (const auto& each : breakers) {
    fmt::format_to(line, "headrace_breaker_failures{{provider=\"{}\",model=\"{}\"}} {}\n",
                   each.provider, each.model, each.failures);
  }
  gauge_head(out, "headrace_provider_down", "1: its health checks fail.");
  for (const auto& each : breakers) {
    if (!each.model.empty()) continue;
    fmt::format_to(line, "headrace_provider_down{{provider=\"{}\"}} {}\n", each.provider,
                   each.down ? 1 : 0);
  }
  gauge_head(out, "headrace_provider_key_remaining",
             "What a provider says is left of a key's limits.");
  for (const auto& each : keys) {
    for (std::size_t i = 0; i < policy::kMeasures; ++i) {
      if (!each.windows[i].known) continue;
      fmt::format_to(line,
                     "headrace_provider_key_remaining{{provider=\"{}\",key=\"{}\",model=\"{}\","
                     "measure=\"{}\"}} {}\n",
                     each.provider, each.key, each.model, kMeasureNames[i],
                     each.windows[i].remaining);
    }
  }
  gauge_head(out, "headrace_provider_key_benched", "1: a key is taken out for a while.");
  for (const auto& each : keys) {
    fmt::format_to(line,
                   "headrace_provider_key_benched{{provider=\"{}\",key=\"{}\",model=\"{}\"}} {}\n",
                   each.provider, each.key, each.model,
                   each.look.benched == policy::BenchReason::none ? 0 : 1);
  }
}

std::string provider_page(const TargetStates& targets, core::Instant now) {
  std::string out;
  auto line = std::back_inserter(out);
  for (const auto& each : targets.report_breakers(now)) {
    fmt::format_to(line, "breaker {}{}{}: {}, {} failures", each.provider,
                   each.model.empty() ? "" : " ", each.model, state_name(each.look.state),
                   each.failures);
    if (!each.look.ready) fmt::format_to(line, ", tried again in {} ms", each.look.wait_ms);
    if (each.down) out += ", down by its health checks";
    out += '\n';
  }
  for (const auto& each : targets.report_keys(now)) {
    fmt::format_to(line, "key {}/{}{}{}:", each.provider, each.key.empty() ? "-" : each.key,
                   each.model.empty() ? "" : " ", each.model);
    bool said = false;
    if (each.look.benched != policy::BenchReason::none) {
      fmt::format_to(line, " benched ({})", reason_name(each.look.benched));
      said = true;
    }
    for (std::size_t i = 0; i < policy::kMeasures; ++i) {
      if (!each.windows[i].known) continue;
      fmt::format_to(line, "{} {} {} left for {} ms", said ? "," : "", each.windows[i].remaining,
                     kMeasureNames[i], each.windows[i].reset_ms);
      said = true;
    }
    out += said ? "\n" : " nothing known\n";
  }
  return out;
}

}  // namespace headrace::net
