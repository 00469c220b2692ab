#include "net/admin/process_metrics.h"

#include <array>
#include <cstdint>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "net/admin/metric_head.h"

namespace headrace::net {
namespace {

struct Row {
  core::Gauge ProcessWatch::Gauges::* which;
  std::int64_t units;  // of the gauge, in one of the metric
  std::string_view name;
  std::string_view type;
  std::string_view help;
};

using Gauges = ProcessWatch::Gauges;
constexpr std::array kRows = {
    Row{&Gauges::cpu_nanos, 1'000'000'000, "process_cpu_seconds_total", "counter",
        "Processor time that the process has used."},
    Row{&Gauges::resident_bytes, 1, "process_resident_memory_bytes", "gauge",
        "Memory that the process takes, shared memory included."},
    Row{&Gauges::virtual_bytes, 1, "process_virtual_memory_bytes", "gauge",
        "Addresses that the process has reserved, most of them never touched."},
    Row{&Gauges::open_files, 1, "process_open_fds", "gauge",
        "Descriptors that are open: connections, files, rings."},
    Row{&Gauges::files_max, 1, "process_max_fds", "gauge", "Descriptors that may be open."},
    Row{&Gauges::start_unix_millis, 1000, "process_start_time_seconds", "gauge",
        "When the process began, in seconds since 1970."},
};

}  // namespace

void write_process_metrics(std::string& out, const ProcessWatch::Gauges& gauges) {
  for (const Row& row : kRows) {
    const std::int64_t value = (gauges.*row.which).value();
    if (value < 0) continue;
    auto line = std::back_inserter(out);
    write_metric_head(out, row.name, row.help, row.type);
    if (row.units == 1) {
      fmt::format_to(line, "{} {}\n", row.name, value);
    } else {
      fmt::format_to(line, "{} {:.3f}\n", row.name,
                     static_cast<double>(value) / static_cast<double>(row.units));
    }
  }
}

}  // namespace headrace::net
