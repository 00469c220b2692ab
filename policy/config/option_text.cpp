#include "policy/config/option_text.h"

#include <fmt/format.h>

namespace headrace::policy::config {

std::string number_text(const OptionSpec& option, std::uint64_t value) {
  switch (option.type) {
    case OptionType::flag:
      return value != 0 ? "true" : "false";
    case OptionType::choice:
      return std::string(option.choices[value]);
    case OptionType::size:
      for (const auto& [suffix, shift] : {std::pair("GiB", 30U), {"MiB", 20U}, {"KiB", 10U}}) {
        const std::uint64_t unit = std::uint64_t{1} << shift;
        if (value != 0 && value % unit == 0) return fmt::format("{}{}", value / unit, suffix);
      }
      return fmt::format("{}", value);
    default:
      return fmt::format("{}", value);
  }
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' || text[i] == '\\') result += '\\';
    if (text.substr(i).starts_with("${")) result += '$';
    result += text[i];
  }
  return result + "\"";
}

}  // namespace headrace::policy::config
