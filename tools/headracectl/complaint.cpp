#include "tools/headracectl/complaint.h"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "tools/command_line/terminal_text.h"

namespace headrace::tools::ctl {

int complain(std::string_view why) {
  fmt::print(stderr, "headracectl: {}\n", terminal_lines(why));
  return EXIT_FAILURE;
}

}  // namespace headrace::tools::ctl
