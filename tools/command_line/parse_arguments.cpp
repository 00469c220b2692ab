#include "tools/command_line/parse_arguments.h"

#include <string>
#include <utility>
#include <vector>

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

}  // namespace headrace::tools
