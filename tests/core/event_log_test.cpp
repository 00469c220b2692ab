#include "core/event_log.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <future>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace headrace::core {
namespace {

// Collects what is logged while it lives.
class Capture {
 public:
  Capture() : descriptor_(::memfd_create("events", MFD_CLOEXEC)) {
    ::fcntl(descriptor_, F_SETFL, O_APPEND);  // several threads write
    send_event_log_to(descriptor_);
  }
  ~Capture() {
    send_event_log_to(STDERR_FILENO);
    ::close(descriptor_);
  }
  std::vector<std::string> lines() const {
    std::string text(1 << 20, '\0');
    const ssize_t got = ::pread(descriptor_, text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    std::vector<std::string> result;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
      result.push_back(line);
    return result;
  }

 private:
  int descriptor_;
};

TEST(EventLog, WritesOneLineWithTimeAndLevel) {
  const Capture capture;
  HEADRACE_EVENT(warning, "port {} is {}", 8080, "taken");
  ASSERT_EQ(capture.lines().size(), 1U);
  EXPECT_TRUE(std::regex_match(
      capture.lines()[0],
      std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning port 8080 is taken)")))
      << capture.lines()[0];
}

TEST(EventLog, KeepsCharactersButNotBrokenOnes) {
  const Capture capture;
  HEADRACE_EVENT(info, "{}", "\xC3\xA4 \xFF \xC3 \xC2\x9B");
  ASSERT_EQ(capture.lines().size(), 1U);
  EXPECT_TRUE(capture.lines()[0].ends_with(" \xC3\xA4 \\xff \\xc3 \\xc2\\x9b"))
      << capture.lines()[0];
}

TEST(EventLog, TextStaysOneLineWhateverItQuotes) {
  const Capture capture;
  HEADRACE_EVENT(info, "{}", "one\ntwo\x1b[31m");
  ASSERT_EQ(capture.lines().size(), 1U);
  EXPECT_NE(capture.lines()[0].find(R"(one\x0atwo\x1b[31m)"), std::string::npos);
}

TEST(EventLog, CutsLongMessagesBetweenCharacters) {
  const Capture capture;
  // Two-byte characters behind one single byte: a cut at an even length would tear one.
  std::string text = "x";
  while (text.size() < 2 * kEventBytesMax)
    text += "\xC3\xA4";
  HEADRACE_EVENT(info, "{}", text);
  ASSERT_EQ(capture.lines().size(), 1U);
  const std::string line = capture.lines()[0];
  EXPECT_LT(line.size(), kEventBytesMax + 64);
  EXPECT_EQ(line.substr(line.size() - 2), "\xC3\xA4");
}

TEST(EventLog, ASiteThatFloodsIsHeldBackAndCounted) {
  const Capture capture;
  const auto flood = [](int times) {
    for (int i = 0; i < times; ++i)
      HEADRACE_EVENT(info, "flood {}", i);
  };
  flood(1000);
  // A second may pass while it floods.
  EXPECT_GE(capture.lines().size(), kEventsPerSiteMax);
  EXPECT_LE(capture.lines().size(), 2 * kEventsPerSiteMax);
  HEADRACE_EVENT(info, "another site is heard");
  EXPECT_NE(capture.lines().back().find("another site"), std::string::npos);
  std::this_thread::sleep_for(std::chrono::milliseconds(1010));
  flood(1);
  const std::regex counted(R"(.*flood \d+(?: \(and (\d+) more of these\))?)");
  std::size_t told = 0;
  for (const std::string& line : capture.lines()) {
    std::smatch found;
    if (!std::regex_match(line, found, counted)) continue;
    told += 1 + (found[1].matched ? std::stoul(found[1]) : 0);
  }
  EXPECT_EQ(told, 1001U);
  EXPECT_NE(capture.lines().back().find(" more of these)"), std::string::npos);
}

TEST(EventLog, ShardsDoNotWaitForAReaderAndTellWhatTheyLeftOut) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_NONBLOCK), 0);
  const auto read_all = [&] {
    std::string text(1 << 20, '\0');
    const ssize_t got = ::read(pipe[0], text.data(), text.size());
    return text.substr(0, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  };
  while (::write(pipe[1], "x", 1) == 1) {
  }
  ::fcntl(pipe[1], F_SETFL, 0);  // as standard error is: who writes waits
  send_event_log_to(pipe[1]);
  EventSite site(EventLevel::info);
  auto told = std::async(std::launch::async, [&] {
    never_wait_for_event_log();
    site.write("of a shard");
    site.write("of a shard");
  });
  const bool returned = told.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
  EXPECT_TRUE(returned) << "it waits for the reader";
  EXPECT_EQ(read_all().find("shard"), std::string::npos);
  told.wait();
  site.write("read again");
  EXPECT_NE(read_all().find("read again (and 2 more of these)"), std::string::npos);
  send_event_log_to(STDERR_FILENO);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST(EventLog, LinesOfSeveralThreadsNeverMix) {
  const Capture capture;
  std::array<std::thread, 4> threads;
  for (std::thread& thread : threads) {
    thread = std::thread([] {
      EventSite site(EventLevel::info);
      for (std::uint32_t i = 0; i < kEventsPerSiteMax; ++i) {
        site.write("{}", std::string(500, 'x'));
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  ASSERT_EQ(capture.lines().size(), 4 * kEventsPerSiteMax);
  for (const std::string& line : capture.lines()) {
    EXPECT_TRUE(line.ends_with(std::string(500, 'x')));
    EXPECT_LT(line.size(), 600U);
  }
}

}  // namespace
}  // namespace headrace::core
