#include "core/process_figures.h"

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace headrace::core {
namespace {

constexpr auto kUnknown = ProcessFigures::kUnknown;

TEST(ProcessFigures, ReadsTheFieldsBehindAnyName) {
  const std::string fields =
      " S 1 2 3 4 -1 6 7 8 9 10 11 12 13 14 20 0 8 0 250 123456789 77 99 0 0";
  for (const std::string name : {"(headrace)", "(a b) 9 9 (x))", "()"}) {
    ProcessFigures figures;
    take_process_stat(
        "17 " + name + fields,
        {.page_bytes = 4096, .ticks_per_second = 100, .boot_unix_seconds = 1'700'000'000}, figures);
    EXPECT_EQ(figures.start_unix_millis, 1'700'000'002'500);
    EXPECT_EQ(figures.virtual_bytes, 123456789);
    EXPECT_EQ(figures.resident_bytes, 77 * 4096);
  }
}

TEST(ProcessFigures, WhatIsNotSaidIsNotKnown) {
  for (const std::string stat : {"", "17", "17 (x)", "17 (x) S 1",
                                 "17 (x) S 1 2 3 4 -1 6 7 8 9 10 11 12 13 14 20 0 8 0 x -3 "}) {
    ProcessFigures figures;
    take_process_stat(stat, {.boot_unix_seconds = 1}, figures);
    EXPECT_EQ(figures.start_unix_millis, kUnknown) << stat;
    EXPECT_EQ(figures.virtual_bytes, kUnknown) << stat;
    EXPECT_EQ(figures.resident_bytes, kUnknown) << stat;
  }
}

TEST(ProcessFigures, SaysWhatIsTrueOfThisProcess) {
  const ProcessFigures before = read_process_figures(FileCount::any);
  EXPECT_GT(before.cpu_nanos, 0);
  EXPECT_GT(before.resident_bytes, 1 << 20);
  EXPECT_GT(before.virtual_bytes, before.resident_bytes);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_EQ(before.files_max, static_cast<std::int64_t>(limit.rlim_cur));
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  EXPECT_LT(before.start_unix_millis, now + 2000);
  EXPECT_GT(before.start_unix_millis, now - 3'600'000);

  std::vector<int> files;
  for (int i = 0; i < 20; ++i)
    files.push_back(dup(0));
  const ProcessFigures after = read_process_figures(FileCount::any);
  EXPECT_EQ(after.open_files, before.open_files + 20);
  EXPECT_GE(after.cpu_nanos, before.cpu_nanos);
  for (const int file : files)
    close(file);
}

}  // namespace
}  // namespace headrace::core
