// headracectl keys: who may ask, and when each key was used last, from the shared region of a
// running (or ended) data plane. No key can be told from what it prints.
#pragma once

#include <string>

#include "tools/headracectl/record_text.h"

namespace headrace::tools::ctl {

struct KeysCommand {
  std::string region;  // a file
  Output output = Output::table;
};

// The exit status. What is wrong is said on standard error.
int show_keys(const KeysCommand& command);

}  // namespace headrace::tools::ctl
