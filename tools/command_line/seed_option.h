// The option --seed: a whole number from 0 to 2^63 - 1, in digits.
#pragma once

#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

namespace headrace::tools {

// What is no such number is a validation error: it would be taken for another one, and what ran
// with it could not be told apart from that.
CLI::Option* add_seed(CLI::App& app, std::uint64_t& seed, const std::string& help);

}  // namespace headrace::tools
