// headracectl clock: the wall clock that a node's days and months go by, and an operator's word
// that the system's is right.
#pragma once

#include <string>

namespace headrace::tools::ctl {

struct ClockCommand {
  std::string region;
  bool accept = false;
};

// The exit status. What is wrong is said on standard error.
int show_clock(const ClockCommand& command);

}  // namespace headrace::tools::ctl
