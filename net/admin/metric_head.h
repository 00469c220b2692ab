// The lines that go before a metric's values in Prometheus text form.
#pragma once

#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace headrace::net {

inline void write_metric_head(std::string& out, std::string_view name, std::string_view help,
                              std::string_view type) {
  fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

}  // namespace headrace::net
