// What a process will use at most, told before it uses it: each planned piece of memory with its
// consumer, printed at start-up as a table with a total.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace headrace::core {

class MemoryPlan {
 public:
  struct Item {
    std::string name;
    std::uint64_t count = 0;
    std::uint64_t bytes_each = 0;
    std::string why;
    [[nodiscard]] std::uint64_t bytes() const { return count * bytes_each; }
  };

  void add(std::string name, std::uint64_t count, std::uint64_t bytes_each, std::string why);

  [[nodiscard]] const std::vector<Item>& items() const { return items_; }
  [[nodiscard]] std::uint64_t total_bytes() const;
  // One line per item, aligned, then the total.
  [[nodiscard]] std::string table() const;

 private:
  std::vector<Item> items_;
};

// "4.0 KiB", "1.5 GiB": for people, never to be read back.
std::string bytes_text(std::uint64_t bytes);

}  // namespace headrace::core
