#include "core/memory_plan.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace headrace::core {

void MemoryPlan::add(std::string name, std::uint64_t count, std::uint64_t bytes_each,
                     std::string why) {
  items_.push_back({std::move(name), count, bytes_each, std::move(why)});
}

std::uint64_t MemoryPlan::total_bytes() const {
  std::uint64_t total = 0;
  for (const Item& item : items_)
    total += item.bytes();
  return total;
}

std::string MemoryPlan::table() const {
  std::size_t name_width = 5;
  for (const Item& item : items_)
    name_width = std::max(name_width, item.name.size());
  std::string table;
  const auto line = [&](std::string_view name, std::string_view count, std::string_view each,
                        std::string_view bytes, std::string_view why) {
    const std::string text = fmt::format("{:<{}}  {:>10}  {:>10}  {:>10}  {}", name, name_width,
                                         count, each, bytes, why);
    table.append(text, 0, text.find_last_not_of(' ') + 1);
    table.push_back('\n');
  };
  line("what", "count", "each", "bytes", "why");
  for (const Item& item : items_) {
    line(item.name, std::to_string(item.count), bytes_text(item.bytes_each),
         bytes_text(item.bytes()), item.why);
  }
  line("total", "", "", bytes_text(total_bytes()), "");
  return table;
}

std::string bytes_text(std::uint64_t bytes) {
  static constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // 1023.95 would be printed as 1024.0.
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace headrace::core
