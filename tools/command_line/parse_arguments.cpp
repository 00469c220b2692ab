#include "tools/command_line/parse_arguments.h"

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/terminal_text.h"

namespace headrace::tools {

void parse_arguments(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError&) {
    std::vector<std::string> unknown = app.remaining(true);
    if (unknown.empty()) throw;
    throw CLI::ExtrasError(app.get_name(), std::move(unknown));
  }
}

int tell_of(const CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream out;
  std::ostringstream err;
  const bool wrong = app.exit(error, out, err) != 0;
  std::cout << core::terminal_lines(out.str());
  std::cerr << core::terminal_lines(err.str());
  return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace headrace::tools
