// What the kernel says about this process's memory, for tests that hold plans against it.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace headrace::core {

// Read onto the stack: what a stream takes of the heap for it may be given back to the kernel
// between two readings, and then passes for memory of whatever is measured.
inline std::size_t memory_field_bytes(std::string_view field) {
  std::array<char, 16384> room;
  const int file = ::open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t size = ::read(file, room.data(), room.size());
  ::close(file);
  if (size <= 0) return 0;
  const std::string_view status(room.data(), static_cast<std::size_t>(size));
  const std::size_t line = status.find("\n" + std::string(field) + ":");
  const std::size_t digits = status.find_first_of("0123456789", line);
  if (line == std::string_view::npos || digits == std::string_view::npos) return 0;
  std::size_t kibibytes = 0;
  std::from_chars(status.data() + digits, status.data() + status.size(), kibibytes);
  return kibibytes * 1024;
}

inline std::size_t mapped_bytes() {
  return memory_field_bytes("VmSize");
}
inline std::size_t resident_bytes() {
  return memory_field_bytes("VmRSS");
}

}  // namespace headrace::core
