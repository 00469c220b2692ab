// What the operator asked for on the command line.
#pragma once

#include <optional>
#include <string>

namespace headrace::net {

struct CommandLine {
  std::string config_path = "/etc/headrace/headrace.yaml";
  std::string region_path;            // empty: a region that lives as long as the process
  std::optional<unsigned> processor;  // everything on this one, for measurements
  bool check = false;                 // -t
  bool effective = false;             // -T
  bool version = false;               // -V
};

// Nothing: help was printed, or what was given is wrong; `exit_status` says which.
std::optional<CommandLine> parse_command_line(int argc, char** argv, int& exit_status);

}  // namespace headrace::net
