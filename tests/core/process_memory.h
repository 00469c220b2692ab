// What the kernel says about this process's memory, for tests that hold plans against it.
#pragma once

#include <cstddef>
#include <fstream>
#include <string>

namespace headrace::core {

inline std::size_t memory_field_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string name;
  while (status >> name) {
    std::size_t kibibytes = 0;
    if (name == field + ":" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

inline std::size_t mapped_bytes() {
  return memory_field_bytes("VmSize");
}
inline std::size_t resident_bytes() {
  return memory_field_bytes("VmRSS");
}

}  // namespace headrace::core
