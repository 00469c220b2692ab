#include "tools/command_line/time_option.h"

#include <cstdint>

#include "tools/command_line/quantity_text.h"

namespace headrace::tools {

CLI::Option* add_time(CLI::App& app, const std::string& name, core::Duration& time,
                      const std::string& help) {
  const auto take = [&time, name](const std::string& text) {
    const auto nanos = parse_time_nanos(text);
    if (!nanos) throw CLI::ValidationError(name, nanos.error());
    time = core::Duration(static_cast<std::int64_t>(*nanos));
  };
  return app.add_option_function<std::string>(name, take, help)->type_name("TIME");
}

}  // namespace headrace::tools
