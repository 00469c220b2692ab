#include "net/main/command_line.h"

#include <cstdlib>
#include <iostream>
#include <sstream>

#include <CLI/CLI.hpp>

#include "core/terminal_text.h"

namespace headrace::net {

std::optional<CommandLine> parse_command_line(int argc, char** argv, int& exit_status) {
  CommandLine line;
  unsigned processor = 0;
  CLI::App app{
      "Headrace, the gateway for LLM traffic: the data plane.\n\n"
      "Serves until SIGTERM or Ctrl-C, which let running answers end (a second one does not).\n"
      "SIGHUP reloads the config: a bad one is refused and the old one goes on.\n"
      "SIGUSR1 opens the logs' files again.",
      "headrace"};
  app.footer(
      "Environment:\n"
      "  HEADRACE_MASTER_KEY        What secrets in memory and in bases are sealed with: 32 "
      "bytes,\n"
      "                             in hexadecimal or base64. Without it: a random one.\n"
      "  HEADRACE_MASTER_KEY_FILE   A file that holds it. Under systemd without either: the\n"
      "                             credential headrace-master-key (LoadCredential=).\n"
      "  HEADRACE_CORE_DUMPS        Set: a crash leaves a core file, with keys and requests in "
      "it.");
  app.add_option("-c,--config", line.config_path,
                 "The config file, or the base that `headracectl compile` made of it")
      ->capture_default_str();
  app.add_option(
      "--region", line.region_path,
      "File of the shared region, on a tmpfs such as /dev/shm; without it, none outlives "
      "the process");
  CLI::Option* cpu =
      app.add_option("--cpu", processor, "Keep all threads on this processor (for measurements)");
  app.add_flag("-t", line.check,
               "Check the config, say what is wrong with it or what it holds, and end");
  app.add_flag("-T", line.effective, "Print the config with every default filled in, and end");
  app.add_flag("-V,--version", line.version, "Print version, features and kernel, and end");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // What was given comes back in it.
    std::ostringstream out;
    std::ostringstream err;
    exit_status = app.exit(error, out, err) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    std::cout << core::terminal_lines(out.str());
    std::cerr << core::terminal_lines(err.str());
    return std::nullopt;
  }
  if (cpu->count() > 0) line.processor = processor;
  return line;
}

}  // namespace headrace::net
