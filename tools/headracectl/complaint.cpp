#include "tools/headracectl/complaint.h"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "core/terminal_text.h"

namespace headrace::tools::ctl {

int complain(std::string_view why) {
  fmt::print(stderr, "headracectl: {}\n", core::terminal_lines(why));
  return EXIT_FAILURE;
}

}  // namespace headrace::tools::ctl
