// Memory for secrets: never swapped, never in a core dump, wiped before it is given back.
//
// Threads: filled by one, then read-only for all. Errors: where the kernel refuses to lock (memlock
// limit), locked() is false and the owner says so to the operator; the memory works all the same.
#pragma once

#include <cstddef>
#include <span>

namespace headrace::net {

class LockedMemory {
 public:
  LockedMemory() = default;
  explicit LockedMemory(std::size_t bytes);
  LockedMemory(LockedMemory&& other) noexcept;
  LockedMemory& operator=(LockedMemory&& other) noexcept;
  ~LockedMemory();

  [[nodiscard]] std::span<char> bytes() const { return {data_, bytes_}; }
  [[nodiscard]] bool locked() const { return locked_; }

 private:
  char* data_ = nullptr;
  std::size_t bytes_ = 0;
  bool locked_ = false;
};

}  // namespace headrace::net
