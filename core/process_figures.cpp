#include "core/process_figures.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <fstream>
#include <string>

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace headrace::core {
namespace {

constexpr const char* kOpenFiles = "/proc/self/fd";

std::string line_of(const char* path, std::string_view begin) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(begin)) return line;
  }
  return {};
}

std::int64_t number_at(std::string_view text) {
  std::int64_t number = ProcessFigures::kUnknown;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && number >= 0 ? number : ProcessFigures::kUnknown;
}

// The system's own start does not change.
std::int64_t boot_unix_seconds() {
  static constexpr std::string_view kName = "btime ";
  static const std::int64_t seconds = [] {
    const std::string line = line_of("/proc/stat", kName);
    return line.empty() ? ProcessFigures::kUnknown
                        : number_at(std::string_view(line).substr(kName.size()));
  }();
  return seconds;
}

std::int64_t cpu_nanos() {
  timespec used{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) return ProcessFigures::kUnknown;
  return std::int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
}

std::int64_t files_max() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return ProcessFigures::kUnknown;
  }
  return static_cast<std::int64_t>(limit.rlim_cur);
}

std::int64_t open_files(FileCount count) {
  struct stat look{};
  if (stat(kOpenFiles, &look) != 0) return ProcessFigures::kUnknown;
  if (look.st_size > 0) return look.st_size;
  if (count == FileCount::cheap) return ProcessFigures::kUnknown;
  DIR* const folder = opendir(kOpenFiles);
  if (folder == nullptr) return ProcessFigures::kUnknown;
  std::int64_t files = -1;  // the one that this list is read by
  while (const dirent* const entry = readdir(folder)) {
    if (entry->d_name[0] != '.') ++files;
  }
  closedir(folder);
  return files;
}

}  // namespace

void take_process_stat(std::string_view stat, const ProcessStatUnits& units,
                       ProcessFigures& figures) {
  // The program's name stands in parentheses and may hold anything; the fields behind it are
  // counted from the third one on (proc(5)).
  constexpr std::size_t kFirst = 3;
  constexpr std::size_t kStart = 22;
  constexpr std::size_t kVirtual = 23;
  constexpr std::size_t kResident = 24;
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return;
  stat.remove_prefix(name_end + 1);
  for (std::size_t field = kFirst; field <= kResident; ++field) {
    const std::size_t begin = stat.find_first_not_of(' ');
    if (begin == std::string_view::npos) return;
    stat.remove_prefix(begin);
    const std::int64_t number = number_at(stat);
    stat.remove_prefix(std::min(stat.find(' '), stat.size()));
    if (number == ProcessFigures::kUnknown) continue;
    if (field == kStart && units.boot_unix_seconds != ProcessFigures::kUnknown) {
      figures.start_unix_millis =
          units.boot_unix_seconds * 1000 + number * 1000 / units.ticks_per_second;
    }
    if (field == kVirtual) figures.virtual_bytes = number;
    if (field == kResident) figures.resident_bytes = number * units.page_bytes;
  }
}

ProcessFigures read_process_figures(FileCount count) {
  ProcessFigures figures;
  figures.cpu_nanos = cpu_nanos();
  figures.open_files = open_files(count);
  figures.files_max = files_max();
  take_process_stat(line_of("/proc/self/stat", {}),
                    {.page_bytes = sysconf(_SC_PAGESIZE),
                     .ticks_per_second = sysconf(_SC_CLK_TCK),
                     .boot_unix_seconds = boot_unix_seconds()},
                    figures);
  return figures;
}

}  // namespace headrace::core
