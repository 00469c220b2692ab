// A file that has a path but lies in memory only, and is gone with whoever made it, however that
// ends.
//
// Threads: any one.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/check.h"

namespace headrace::sim {

class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("headrace-sim", MFD_CLOEXEC)) {
    HEADRACE_CHECK(descriptor_ >= 0, "no file in memory");
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(descriptor_); }

  void write(std::string_view text) {
    HEADRACE_CHECK(::ftruncate(descriptor_, 0) == 0);
    HEADRACE_CHECK(::pwrite(descriptor_, text.data(), text.size(), 0) ==
                   static_cast<ssize_t>(text.size()));
  }
  [[nodiscard]] std::string path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

 private:
  int descriptor_;
};

}  // namespace headrace::sim
