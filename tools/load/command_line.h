// What the user of headrace-load asked for, read from the command line and checked.
#pragma once

#include <expected>
#include <string>

#include "tools/load/options.h"

namespace headrace::tools::load {

struct CommandLine {
  LoadOptions options;
  std::string json_path;  // "-": standard output
  std::string svg_path;
  bool quiet = false;
};

// Reads files and resolves names. Otherwise the status to end with: help or what is wrong has been
// printed.
std::expected<CommandLine, int> parse_command_line(int argc, char** argv);

}  // namespace headrace::tools::load
