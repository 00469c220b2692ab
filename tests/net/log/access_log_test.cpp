// The access log between shard and writer: what goes in comes out, what does not fit is dropped.
#include "net/log/access_log.h"

#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "net/log/log_line.h"

namespace headrace::net {
namespace {

using std::chrono::milliseconds;

AccessRecord record_of(std::string_view path) {
  AccessRecord record;
  record.ended_at = {.unix_nanos = 1'700'000'000'000'000'000};
  record.duration = core::Duration(1'500'000);
  record.waited = core::Duration(700'000);
  record.status = 200;
  record.bytes_in = 11;
  record.bytes_out = 22;
  record.usage.in_fresh = 33;
  record.usage.source = policy::UsageSource::provider;
  record.request_id = "request-1";
  record.path = path;
  record.model = "gpt-4o";
  record.key = "team";
  record.tenant = "acme";
  record.provider = "openai";
  return record;
}

TEST(AccessLog, WhatGoesInComesOut) {
  AccessLog log;
  ASSERT_TRUE(log.write(record_of("/v1/chat/completions")));
  const auto entry = log.ring().consumer().front();
  ASSERT_TRUE(entry);
  AccessRecord read;
  ASSERT_TRUE(read_access_record(entry->bytes, read));
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.duration, core::Duration(1'500'000));
  EXPECT_EQ(read.bytes_in, 11U);
  EXPECT_EQ(read.bytes_out, 22U);
  EXPECT_EQ(read.usage.in_fresh, 33);
  EXPECT_EQ(read.request_id, "request-1");
  EXPECT_EQ(read.path, "/v1/chat/completions");
  EXPECT_EQ(read.model, "gpt-4o");
  EXPECT_EQ(read.key, "team");
  EXPECT_EQ(read.tenant, "acme");
  EXPECT_EQ(read.provider, "openai");
  EXPECT_EQ(read.code, "");
  std::string line(kLogLineBytesMax, ' ');
  line.resize(write_log_line(read, line));
  EXPECT_NE(line.find(R"("duration_us":1500,"waited_us":700,)"), std::string::npos) << line;
  read.waited = {};
  line.assign(kLogLineBytesMax, ' ');
  line.resize(write_log_line(read, line));
  EXPECT_EQ(line.find("waited_us"), std::string::npos) << line;
}

TEST(AccessLog, TextsOf255BytesStayWholeAndLongerOnesAreCut) {
  for (const std::size_t size : {std::size_t{255}, std::size_t{256}, std::size_t{5000}}) {
    AccessLog log;
    const std::string path(size, 'p');
    ASSERT_TRUE(log.write(record_of(path)));
    AccessRecord read;
    ASSERT_TRUE(read_access_record(log.ring().consumer().front()->bytes, read));
    EXPECT_EQ(read.path.size(), std::min<std::size_t>(size, 255));
    EXPECT_EQ(read.model, "gpt-4o");  // what stands behind it
  }
}

TEST(AccessLog, AFullRingDropsLinesUntilItIsRead) {
  AccessLog log(4096);
  std::size_t written = 0;
  while (log.write(record_of("/v1/models")))
    ++written;
  EXPECT_GT(written, 4U);
  EXPECT_FALSE(log.write(record_of("/v1/models")));
  std::size_t read = 0;
  for (; log.ring().consumer().front(); ++read)
    log.ring().consumer().drop_front();
  EXPECT_EQ(read, written);
  EXPECT_TRUE(log.write(record_of("/v1/models")));
}

TEST(AccessLog, TheWriterIsCalledBeforeTheRingIsFull) {
  AccessLog log;
  LogBell bell;
  log.call(bell);
  std::size_t written = 0;
  while (!bell.rung()) {
    ASSERT_TRUE(log.write(record_of("/v1/models"))) << "full, and nobody was called";
    ++written;
  }
  EXPECT_GT(written, 100U);  // not for each line
  // Once it has read, it is called again only when there is as much again.
  bell.wait(milliseconds(0));
  while (log.ring().consumer().front())
    log.ring().consumer().drop_front();
  ASSERT_TRUE(log.write(record_of("/v1/models")));
  EXPECT_FALSE(bell.rung());
}

TEST(LogBell, EndsAWaitHoweverOftenItIsRung) {
  LogBell bell;
  for (int round = 0; round < 200; ++round) {
    std::thread ringer([&] {
      for (int i = 0; i < 5; ++i)
        bell.ring();
    });
    bell.wait(milliseconds(60'000));  // a lost call shows as a test that hangs
    ringer.join();
  }
}

}  // namespace
}  // namespace headrace::net
