// Being woken: from threads, from other shards, asleep, awake and spinning.
#include <atomic>
#include <latch>
#include <thread>

#include "tests/core/io_uring_world.h"

namespace headrace::core {
namespace {

class IoUringWake : public IoUring {};
HEADRACE_FOR_ALL_FEATURE_SETS(IoUringWake);

TEST_P(IoUringWake, EndsTheWaitThatIsGoingOn) {
  std::atomic<bool> woken = false;
  std::thread waker([&] {
    std::this_thread::sleep_for(20ms);
    woken = true;
    io().wake();
  });
  while (!woken)
    io().turn(kNever);
  waker.join();
}

TEST_P(IoUringWake, EndsTheNextWaitWhenItCameBefore) {
  io().wake();
  io().wake();
  const Instant start = io().now();
  io().turn(start + kHang);
  EXPECT_LT(io().now() - start, kHang / 2);
  // Both are one: the next wait is a wait.
  while (io().turn(Instant::min()) != 0) {
  }
  const Instant before = io().now();
  io().turn(before + 10ms);
  EXPECT_GE(io().now(), before + 10ms);
}

// A counter stands for a mailbox: whatever was put in before wake() must be seen without any other
// wake-up, or this test hangs.
TEST_P(IoUringWake, NoWordIsLostAmongManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kWords = 5000;
  std::atomic<int> posted = 0;
  std::latch start(kThreads + 1);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (int word = 0; word < kWords; ++word) {
        posted.fetch_add(1, std::memory_order_release);
        io().wake();
        if (word % 16 == 0) std::this_thread::yield();
      }
    });
  }
  start.arrive_and_wait();
  while (posted.load(std::memory_order_acquire) != kThreads * kWords)
    io().turn(kNever);
  for (std::thread& thread : threads)
    thread.join();
}

TEST_P(IoUringWake, ShardsWakeEachOther) {
  constexpr int kRounds = 2000;
  std::atomic<int> ball = 0;
  std::unique_ptr<Io> other = Io::create(options()).value();
  std::latch ready(2);
  std::thread thread([&] {
    other->enable();
    ready.arrive_and_wait();
    for (int round = 0; round < kRounds; ++round) {
      while (ball.load(std::memory_order_acquire) != 2 * round + 1)
        other->turn(kNever);
      ball.store(2 * round + 2, std::memory_order_release);
      io().wake_from(*other);
    }
    // What is queued last is handed over by a last turn.
    other->turn(Instant::min());
  });
  ready.arrive_and_wait();
  for (int round = 0; round < kRounds; ++round) {
    ball.store(2 * round + 1, std::memory_order_release);
    other->wake_from(io());
    while (ball.load(std::memory_order_acquire) != 2 * round + 2)
      io().turn(kNever);
  }
  thread.join();
}

TEST_P(IoUringWake, ABellThatCannotRingIsRungByHand) {
  // The other shard has not begun its work: its ring refuses messages, the wake must not be lost.
  std::unique_ptr<Io> other = Io::create(options()).value();
  other->wake_from(io());
  settle();
  other->enable();
  other->turn(other->now() + kHang);
  EXPECT_LT(other->now() - io().now(), kHang / 2);
}

TEST_P(IoUringWake, SpinningFindsWorkAndIsAccounted) {
  IoOptions spinning = options();
  spinning.spin = 2ms;
  make(spinning);
  const Pair pair = unix_pair();
  Recorder receiving;
  io().recv_multishot(receiving.op, pair.first, BufferGroup::small);
  // Where the machine holds this thread up, a turn's deadline is over before it has begun.
  for (int tries = 0; tries < 100 && io().counters().spin_nanos < 900'000; ++tries)
    io().turn(io().now() + 1ms);
  EXPECT_GE(io().counters().spin_nanos, 900'000U);
  write_to(pair.second, "found");
  run_until([&] { return receiving.bytes == "found"; });
  std::thread waker([&] { io().wake(); });
  io().turn(kNever);
  waker.join();
  cancel(receiving);
}

}  // namespace
}  // namespace headrace::core
