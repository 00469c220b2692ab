// Reads a program's command line.
#pragma once

#include <CLI/CLI.hpp>

namespace headrace::tools {

// As CLI::App::parse(), but for one thing: what the program does not know is told before what is
// missing, which may be missing for no other reason. Throws CLI::ParseError.
void parse_arguments(CLI::App& app, int argc, char** argv);

// Says what is wrong, or what was asked for (--help), in words that are fit for a terminal whatever
// the arguments hold. Returns the exit status: 1 where something is wrong, as for all else that
// keeps a program from its work.
int tell_of(const CLI::App& app, const CLI::ParseError& error);

}  // namespace headrace::tools
