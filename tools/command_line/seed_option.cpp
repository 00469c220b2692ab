#include "tools/command_line/seed_option.h"

#include <fmt/format.h>

#include "core/parse_number.h"

namespace headrace::tools {

CLI::Option* add_seed(CLI::App& app, std::uint64_t& seed, const std::string& help) {
  const auto take = [&seed](const std::string& text) {
    const auto number = core::parse_decimal(text);
    if (!number) {
      throw CLI::ValidationError(
          "--seed", fmt::format("\"{}\" is no whole number from 0 to {}", text, core::kNumberMax));
    }
    seed = *number;
  };
  return app.add_option_function<std::string>("--seed", take, help)->type_name("N");
}

}  // namespace headrace::tools
