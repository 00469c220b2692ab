#include "bench/relay/relay_command_line.h"

#include <cstdlib>

#include <CLI/CLI.hpp>

namespace headrace::bench {

RelayCommandLine read_command_line(const char* description, int count, char** arguments) {
  CLI::App app{description};
  RelayCommandLine line;
  app.add_option("--listen", line.listen, "IPv4 address to listen on");
  app.add_option("--upstream", line.upstream, "IPv4 address that connections are relayed to")
      ->required();
  app.add_option("--cpu", line.cpu, "Core to run on");
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return line;
}

}  // namespace headrace::bench
