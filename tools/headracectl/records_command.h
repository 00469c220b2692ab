// headracectl records: decodes usage records, from the journal's segments or live from the shared
// region.
#pragma once

#include <string>

#include "tools/headracectl/record_text.h"

namespace headrace::tools::ctl {

struct RecordsCommand {
  std::string journal;  // a folder
  std::string region;   // or a file
  bool follow = false;
  Output output = Output::table;
};

// The exit status. What is wrong is said on standard error.
int show_records(const RecordsCommand& command);

}  // namespace headrace::tools::ctl
