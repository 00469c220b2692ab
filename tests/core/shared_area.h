// Memory for a record ring or an in-flight table, as the shared region gives it: zeroed, on pages.
#pragma once

#include <cstddef>
#include <span>

#include "core/reserved_memory.h"

namespace headrace::core {

class SharedArea {
 public:
  explicit SharedArea(std::size_t bytes) : memory_("a test", bytes), bytes_(bytes) {}
  [[nodiscard]] std::span<std::byte> bytes() const { return {memory_.data(), bytes_}; }

 private:
  ReservedMemory memory_;
  std::size_t bytes_;
};

}  // namespace headrace::core
