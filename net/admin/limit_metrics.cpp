#include "net/admin/limit_metrics.h"

#include <array>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "net/admin/metric_head.h"
#include "policy/config/quota_names.h"

namespace headrace::net {

namespace {

using policy::config::LimitMeasure;

struct FlowRow {
  core::SharedWord core::LimitFlow::* which;
  std::string_view name;
  std::string_view help;
};

constexpr std::array kFlowRows = {
    FlowRow{&core::LimitFlow::reserved, "headrace_limits_reserved_total",
            "Taken of limits for requests that all of them let pass, of each limit apart."},
    FlowRow{&core::LimitFlow::settled, "headrace_limits_settled_total",
            "Of what was reserved: used."},
    FlowRow{&core::LimitFlow::refunded, "headrace_limits_refunded_total",
            "Of what was reserved: not used, and given back."},
    FlowRow{&core::LimitFlow::lapsed, "headrace_limits_lapsed_total",
            "Of what was reserved: neither, because its window was over or its process had died."},
};

std::uint64_t sum(const core::LimitMemory& limits, LimitMeasure measure,
                  core::SharedWord core::LimitFlow::* which) {
  const auto kind = measure == LimitMeasure::concurrent ? core::WindowKind::concurrency
                                                        : core::WindowKind::sliding;
  std::uint64_t total = 0;
  for (std::uint32_t incarnation = 0; incarnation < limits.incarnations; ++incarnation) {
    for (std::uint32_t shard = 0; shard < limits.shards; ++shard) {
      core::LimitFlows& flows = limits.flows_of(incarnation, shard);
      total += (flows.of(kind, static_cast<std::uint8_t>(measure)).*which).load();
    }
  }
  return total;
}

}  // namespace

void write_limit_metrics(std::string& out, const core::LimitMemory& limits) {
  for (const FlowRow& row : kFlowRows) {
    write_metric_head(out, row.name, row.help, "counter");
    for (int number = 0; number <= static_cast<int>(policy::config::kLastMeasure); ++number) {
      const auto measure = static_cast<LimitMeasure>(number);
      fmt::format_to(std::back_inserter(out), "{}{{measure=\"{}\"}} {}\n", row.name,
                     policy::config::to_text(measure), sum(limits, measure, row.which));
    }
  }
}

}  // namespace headrace::net
