#include "tools/command_line/quantity_text.h"

#include <array>
#include <charconv>

namespace headrace::tools {
namespace {

constexpr double kNumberMax = 1e15;
constexpr double kTimeNanosMax = 1e17;  // three years: far below what a clock's arithmetic holds

struct Unit {
  std::string_view name;
  double nanos;
};
// Longer names before their endings.
constexpr std::array<Unit, 5> kUnits{
    {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}}};

}  // namespace

std::expected<double, std::string> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::unexpected("\"" + std::string(text) + "\" is not a number");
  }
  if (!(value >= 0 && value <= kNumberMax)) {
    return std::unexpected("\"" + std::string(text) + "\" is not between 0 and 1e15");
  }
  return value;
}

std::expected<double, std::string> parse_time_nanos(std::string_view text) {
  if (text == "0") return 0.0;
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    const auto number = parse_number(text.substr(0, text.size() - unit.name.size()));
    if (!number) break;
    if (*number * unit.nanos > kTimeNanosMax) {
      return std::unexpected("\"" + std::string(text) + "\" is longer than three years");
    }
    return *number * unit.nanos;
  }
  return std::unexpected("\"" + std::string(text) + "\" is not a time such as 250us, 20ms or 1.5s");
}

}  // namespace headrace::tools
