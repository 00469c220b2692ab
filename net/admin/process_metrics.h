// The process's own figures in Prometheus text form, by the names that its client libraries give
// them. Pure: from gauges to text.
#pragma once

#include <string>

#include "net/process_watch.h"

namespace headrace::net {

// What is not known is left out.
void write_process_metrics(std::string& out, const ProcessWatch::Gauges& gauges);

}  // namespace headrace::net
