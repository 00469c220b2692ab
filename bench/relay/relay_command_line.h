// The command line of the relays that stand on no seam.
#pragma once

#include <string>

namespace headrace::bench {

struct RelayCommandLine {
  std::string listen = "127.0.0.1:0";
  std::string upstream;
  int cpu = -1;  // any
};

// Ends the program where it asks for help or makes no sense.
RelayCommandLine read_command_line(const char* description, int count, char** arguments);

}  // namespace headrace::bench
