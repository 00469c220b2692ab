// headracectl limits: what is spent of the limits of a node, and their reset by an operator. Works
// on the shared region: beside a data plane that runs, and without one.
#pragma once

#include <string>

#include "tools/headracectl/record_text.h"

namespace headrace::tools::ctl {

struct LimitsCommand {
  std::string region;
  // Whose: the narrowest that is given; all empty: everybody's.
  std::string organisation;
  std::string tenant;
  std::string project;
  std::string user;
  std::string key;
  std::string provider;  // or one of its keys: PROVIDER/KEY
  std::string route;
  std::string limit;    // by its name; empty: all
  bool unused = false;  // show those too of which nothing is spent
  bool reset = false;
  Output output = Output::table;
};

// The exit status. What is wrong is said on standard error.
int show_limits(const LimitsCommand& command);

}  // namespace headrace::tools::ctl
