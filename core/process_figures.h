// What the operating system says of this process: the figures that monitoring knows as `process_*`.
//
// Threads: pure reads; may take milliseconds where many files are open (FileCount::any), so not on
// a shard.  Errors: a figure that cannot be had is kUnknown.
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::core {

struct ProcessFigures {
  static constexpr std::int64_t kUnknown = -1;

  std::int64_t cpu_nanos = kUnknown;  // user and system, all threads
  std::int64_t resident_bytes = kUnknown;
  std::int64_t virtual_bytes = kUnknown;
  std::int64_t open_files = kUnknown;
  std::int64_t files_max = kUnknown;  // also where nothing bounds them
  std::int64_t start_unix_millis = kUnknown;
};

// How open files are counted: `cheap` by one look, which kernels before 6.2 do not have, `any` by
// reading the list of them there.
enum class FileCount : std::uint8_t { cheap, any };

[[nodiscard]] ProcessFigures read_process_figures(FileCount count);

// From the text of /proc/self/stat and the `btime` of /proc/stat, with the kernel's units.
struct ProcessStatUnits {
  std::int64_t page_bytes = 4096;
  std::int64_t ticks_per_second = 100;
  std::int64_t boot_unix_seconds = ProcessFigures::kUnknown;
};
void take_process_stat(std::string_view stat, const ProcessStatUnits& units,
                       ProcessFigures& figures);

}  // namespace headrace::core
