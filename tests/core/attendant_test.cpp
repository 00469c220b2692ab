#include "core/attendant.h"

#include <chrono>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>

#include "core/attendant_thread.h"
#include "tests/core/small_io.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

struct Doubling {
  using Request = std::uint64_t;
  using Reply = std::uint64_t;
  void on_request(std::uint32_t shard, const Request& request, AttendantReplies<Reply>& replies) {
    replies.send(shard, request * 2);
  }
};

// Answers only when polled, as work that waits for the network does.
struct Late {
  using Request = int;
  using Reply = int;
  void on_request(std::uint32_t shard, const Request& request, AttendantReplies<Reply>&) {
    waiting.push_back({shard, request});
  }
  void on_poll(AttendantReplies<Reply>& replies) {
    if (!answer) return;
    for (const auto& [shard, request] : waiting)
      replies.send(shard, request + 100);
    waiting.clear();
  }
  std::vector<std::pair<std::uint32_t, int>> waiting;
  bool answer = false;
};

struct Writing {
  using Request = int;
  using Reply = NoReply;
  void on_request(std::uint32_t, const Request& request, AttendantReplies<Reply>&) {
    written.push_back(request);
  }
  std::vector<int> written;
};

template <class Work>
std::vector<typename Work::Reply> replies_of(Attendant<Work>& attendant, std::uint32_t shard,
                                             std::size_t max = SIZE_MAX) {
  std::vector<typename Work::Reply> replies;
  attendant.take_replies(shard, max, [&](const auto& reply) { replies.push_back(reply); });
  return replies;
}

TEST(Attendant, AnswersTheShardThatAskedInOrder) {
  Doubling work;
  Attendant<Doubling> attendant(work, 2, 8);
  ASSERT_TRUE(attendant.ask(0, 1));
  ASSERT_TRUE(attendant.ask(1, 10));
  ASSERT_TRUE(attendant.ask(0, 2));
  EXPECT_TRUE(replies_of(attendant, 0).empty()) << "nothing happens without a step";
  EXPECT_EQ(attendant.step(8), 3U);
  EXPECT_EQ(replies_of(attendant, 0), (std::vector<std::uint64_t>{2, 4}));
  EXPECT_EQ(replies_of(attendant, 1), (std::vector<std::uint64_t>{20}));
  EXPECT_TRUE(attendant.idle());
}

TEST(Attendant, RefusesBeyondTheUnansweredRequestsItHasRoomFor) {
  Late work;
  Attendant<Late> attendant(work, 2, 4);
  for (int i = 0; i < 4; ++i)
    ASSERT_TRUE(attendant.ask(0, i));
  EXPECT_FALSE(attendant.ask(0, 4));
  attendant.step(8);
  EXPECT_FALSE(attendant.ask(0, 4)) << "taken up, but not answered";
  EXPECT_TRUE(attendant.ask(1, 4)) << "other shards have room of their own";
  work.answer = true;
  attendant.step(8);
  EXPECT_FALSE(attendant.ask(0, 4)) << "answered, but the answers not taken";
  EXPECT_EQ(replies_of(attendant, 0, 1).size(), 1U);
  EXPECT_TRUE(attendant.ask(0, 4));
  EXPECT_EQ(attendant.unanswered(0), 4U);
}

TEST(Attendant, WorksInBoundedSteps) {
  Writing work;
  Attendant<Writing> attendant(work, 2, 16);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(attendant.ask(0, i));
    ASSERT_TRUE(attendant.ask(1, i));
  }
  EXPECT_EQ(attendant.step(3), 6U);
  EXPECT_FALSE(attendant.idle());
}

TEST(Attendant, WorkWithoutRepliesIsBoundedByTheQueueOnly) {
  Writing work;
  Attendant<Writing> attendant(work, 1, 4);
  for (int i = 0; i < 20; ++i) {
    for (int j = 0; j < 4; ++j)
      ASSERT_TRUE(attendant.ask(0, i));
    EXPECT_FALSE(attendant.ask(0, i));
    attendant.step(8);
  }
  EXPECT_EQ(work.written.size(), 80U);
}

TEST(AttendantThread, AnswersAndWakesTheShard) {
  const auto io = small_io();
  io->enable();
  Doubling work;
  Attendant<Doubling> attendant(work, 1, 8);
  attendant.attach(0, *io);
  // It would sleep for an hour: only the bell wakes it.
  AttendantThread<Doubling> thread(attendant, "doubling", 3'600'000ms);
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    ASSERT_TRUE(attendant.ask(0, i));
    std::optional<std::uint64_t> reply;
    while (!reply) {
      io->turn(kNever);
      attendant.take_replies(0, 1, [&](const std::uint64_t& value) { reply = value; });
    }
    ASSERT_EQ(*reply, 2 * i);
  }
}

TEST(AttendantThread, FinishesWhatWasAskedBeforeItStops) {
  Writing work;
  Attendant<Writing> attendant(work, 1, 1024);
  for (int i = 0; i < 1000; ++i)
    ASSERT_TRUE(attendant.ask(0, i));
  {
    AttendantThread<Writing> thread(attendant, "writing", 3'600'000ms);
  }
  EXPECT_EQ(work.written.size(), 1000U);
}

TEST(AttendantThread, PollsWithoutRequests) {
  struct Polled {
    using Request = int;
    using Reply = NoReply;
    void on_request(std::uint32_t, const Request&, AttendantReplies<Reply>&) {}
    void on_poll(AttendantReplies<Reply>&) { polls.fetch_add(1); }
    std::atomic<int> polls{0};
  } work;
  Attendant<Polled> attendant(work, 1, 8);
  AttendantThread<Polled> thread(attendant, "polled", 1ms);
  const auto give_up = std::chrono::steady_clock::now() + 10s;
  while (work.polls < 5 && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_GE(work.polls, 5);
}

TEST(AttendantThread, WorkMayWaitForTheBellItself) {
  struct Waiting {
    using Request = int;
    using Reply = NoReply;
    void on_request(std::uint32_t, const Request& request, AttendantReplies<Reply>&) {
      last.store(request);
    }
    void wait(int bell, std::chrono::milliseconds timeout) {
      waits.fetch_add(1);
      pollfd readable{.fd = bell, .events = POLLIN, .revents = 0};
      ::poll(&readable, 1, static_cast<int>(timeout.count()));
    }
    std::atomic<int> last{0};
    std::atomic<int> waits{0};
  } work;
  Attendant<Waiting> attendant(work, 1, 8);
  {
    AttendantThread<Waiting> thread(attendant, "waiting", 3'600'000ms);
    for (int i = 1; i <= 500; ++i) {
      while (!attendant.ask(0, i))
        std::this_thread::yield();
      while (work.last != i)
        std::this_thread::yield();
    }
  }
  EXPECT_GT(work.waits, 0);
}

}  // namespace
}  // namespace headrace::core
