#include "net/process_watch.h"

namespace headrace::net {

void ProcessWatch::look() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_look_) return;
  next_look_ = now + kPeriod;
  const bool all = looks_++ % kLooksPerFileCount == 0;
  const core::ProcessFigures figures =
      core::read_process_figures(all ? core::FileCount::any : core::FileCount::cheap);
  gauges_.cpu_nanos.set(figures.cpu_nanos);
  gauges_.resident_bytes.set(figures.resident_bytes);
  gauges_.virtual_bytes.set(figures.virtual_bytes);
  // What the last count said holds until the next one.
  if (all || figures.open_files >= 0) gauges_.open_files.set(figures.open_files);
  gauges_.files_max.set(figures.files_max);
  gauges_.start_unix_millis.set(figures.start_unix_millis);
}

}  // namespace headrace::net
