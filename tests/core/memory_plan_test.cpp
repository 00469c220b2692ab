#include "core/memory_plan.h"

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

TEST(MemoryPlan, AddsUpAndPrintsAnAlignedTable) {
  MemoryPlan plan;
  plan.add("connections", 1000, 512, "downstream, at most");
  plan.add("bodies", 1, 256ULL * 1024 * 1024, "all shards together");
  EXPECT_EQ(plan.total_bytes(), 512'000U + 268'435'456U);
  EXPECT_EQ(plan.table(),
            "what              count        each       bytes  why\n"
            "connections        1000       512 B   500.0 KiB  downstream, at most\n"
            "bodies                1   256.0 MiB   256.0 MiB  all shards together\n"
            "total                                 256.5 MiB\n");
}

TEST(MemoryPlan, WritesBytesForPeople) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1024), "1.0 KiB");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(bytes_text(1024ULL * 1024 * 1024), "1.0 GiB");
  EXPECT_EQ(bytes_text(UINT64_MAX), "16777216.0 TiB");
}

}  // namespace
}  // namespace headrace::core
