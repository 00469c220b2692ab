#include "tools/headracectl/clock_command.h"

#include <cstdlib>

#include <fmt/format.h>

#include "core/limits/accepted_wall_clock.h"
#include "tools/headracectl/complaint.h"
#include "tools/headracectl/node_region.h"
#include "tools/headracectl/record_text.h"

namespace headrace::tools::ctl {

int show_clock(const ClockCommand& command) {
  const auto node = NodeRegion::open(command.region);
  if (!node) return complain(node.error());
  core::AcceptedWallClock clock(*node->limits().header);
  const core::Instant monotonic = NodeRegion::monotonic_now();
  const core::WallTime system = NodeRegion::system_now();
  const std::string before = time_text(clock.at(monotonic, system).unix_nanos);
  if (command.accept) {
    clock.accept(monotonic, system);
    fmt::print("days and months went by {}, and go by {} from now on\n", before,
               time_text(system.unix_nanos));
    return EXIT_SUCCESS;
  }
  fmt::print("days and months go by  {}\nthe system's clock says {}\n", before,
             time_text(system.unix_nanos));
  if (const auto step = clock.proposed_step()) {
    fmt::print(
        "it was set by {} s, which is not believed before that much time has passed: say "
        "`headracectl clock accept` if it is right\n",
        std::chrono::round<std::chrono::seconds>(*step).count());
  }
  return EXIT_SUCCESS;
}

}  // namespace headrace::tools::ctl
