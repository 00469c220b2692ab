// What happens at the limits: no buffers, no descriptors, tiny queues, a kernel that refuses.
#include <array>
#include <cerrno>
#include <memory>
#include <set>

#include <liburing.h>
#include <sys/resource.h>

#include "core/uring/kernel_enter.h"
#include "tests/core/io_uring_world.h"

namespace headrace::core {
namespace {

// Makes every n-th io_uring_enter of this thread fail without having done anything.
struct Refusals {
  int every = 0;
  int error = 0;
  int calls = 0;
  int refused = 0;
};
thread_local Refusals refusals;

}  // namespace

int uring::kernel_enter(int ring, unsigned to_submit, unsigned min_complete, unsigned flags,
                        const void* argument, std::size_t argument_bytes) noexcept {
  if (refusals.every != 0 && ++refusals.calls % refusals.every == 0) {
    ++refusals.refused;
    return refusals.error;
  }
  return io_uring_enter2(static_cast<unsigned>(ring), to_submit, min_complete, flags,
                         static_cast<sigset_t*>(const_cast<void*>(argument)), argument_bytes);
}

namespace {

// Sends back whatever comes, on one connection.
class Echo {
 public:
  Echo(Io& io, Socket socket) : io_(io), socket_(socket) {
    receive_.bind<&Echo::on_received>(this);
    send_.bind<&Echo::on_sent>(this);
    arm();
  }
  [[nodiscard]] bool quiet() const { return !receive_.in_flight() && !send_.in_flight(); }
  [[nodiscard]] bool starving() const { return starving_; }
  void arm() {
    starving_ = false;
    io_.recv_multishot(receive_, socket_, BufferGroup::small);
  }

 private:
  void on_received(Completion& completion) {
    if (completion.buffer) {
      held_.push_back(std::move(completion.buffer));
    } else if (completion.result == -ENOBUFS) {
      starving_ = true;
    } else {
      EXPECT_EQ(completion.result, 0);
      ended_ = true;
    }
    if (!completion.more && !ended_) starving_ = true;
    go_on();
  }
  void on_sent(Completion& completion) {
    EXPECT_EQ(completion.result, static_cast<std::int32_t>(held_.front().size()));
    held_.erase(held_.begin());
    go_on();
  }
  void go_on() {
    if (!held_.empty() && !send_.in_flight()) io_.send(send_, socket_, held_.front().bytes());
  }

  Io& io_;
  Socket socket_;
  Op receive_;
  Op send_;
  std::vector<BufferLease> held_;
  bool starving_ = false;
  bool ended_ = false;
};

class IoUringLimits : public IoUring {
 protected:
  void TearDown() override {
    refusals = {};
    IoUring::TearDown();
  }

  // `connections` peers say something `rounds` times each, all at once, and must hear it again.
  void echo_all(std::size_t connections, int rounds) {
    std::vector<Pair> pairs;
    std::vector<std::unique_ptr<Echo>> echoes;
    for (std::size_t i = 0; i < connections; ++i) {
      pairs.push_back(unix_pair());
      echoes.push_back(std::make_unique<Echo>(io(), pairs.back().first));
    }
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < connections; ++i)
        write_to(pairs[i].second, word(i, round));
      for (std::size_t i = 0; i < connections; ++i) {
        std::string heard;
        run_until([&] {
          for (auto& echo : echoes) {
            if (echo->starving()) echo->arm();
          }
          heard += read_some(pairs[i].second, MSG_DONTWAIT);
          return heard.size() >= word(i, round).size();
        });
        ASSERT_EQ(heard, word(i, round));
      }
    }
    for (const Pair& pair : pairs)
      ::shutdown(static_cast<int>(pair.second), SHUT_RDWR);
    run_until([&] {
      bool quiet = true;
      for (auto& echo : echoes) {
        if (echo->starving()) echo->arm();
        quiet = quiet && echo->quiet();
      }
      return quiet;
    });
  }

 private:
  static std::string word(std::size_t connection, int round) {
    return "connection " + std::to_string(connection) + " round " + std::to_string(round);
  }
};
HEADRACE_FOR_ALL_FEATURE_SETS(IoUringLimits);

TEST_P(IoUringLimits, TwoBuffersServeManyConnections) {
  IoOptions two = options();
  two.small_buffers = 2;
  make(two);
  echo_all(200, 3);
  EXPECT_GT(io().counters().buffers_exhausted, 0U);
}

TEST_P(IoUringLimits, ABurstBeyondTheStockOfBuffersIsNotToldOf) {
  IoOptions many = options();
  many.small_buffers = 256;
  make(many);
  echo_all(200, 3);
  EXPECT_EQ(io().counters().buffers_exhausted, 0U);
  EXPECT_GT(io().counters().rearms, 0U);
}

TEST_P(IoUringLimits, NoMoreBuffersAreTouchedThanAreNeeded) {
  IoOptions many = options();
  many.small_buffers = 1024;
  make(many);
  const Pair pair = unix_pair();
  std::set<const std::byte*> touched;
  Recorder receiving;
  receiving.keeps_buffers = true;
  receiving.then = [&] {
    if (receiving.buffers.empty()) return;  // cancelled
    touched.insert(receiving.buffers.back().data());
    receiving.buffers.clear();
  };
  io().recv_multishot(receiving.op, pair.first, BufferGroup::small);
  for (std::size_t i = 1; i <= 2000; ++i) {
    write_to(pair.second, "x");
    run_until([&] { return receiving.results.size() == i; });
  }
  cancel(receiving);
  EXPECT_LE(touched.size(), 32U);
}

TEST_P(IoUringLimits, NoBufferMeansEnobufsUntilOneIsGivenBack) {
  IoOptions two = options();
  two.small_buffers = 2;
  make(two);
  const Pair pair = unix_pair();
  Recorder receiving;
  receiving.keeps_buffers = true;
  for (int i = 0; i < 2; ++i) {
    io().recv_provided(receiving.op, pair.first, BufferGroup::small);
    write_to(pair.second, "x");
    finish(receiving);
  }
  EXPECT_EQ(io().buffers_leased(BufferGroup::small), 2U);
  write_to(pair.second, "x");
  io().recv_provided(receiving.op, pair.first, BufferGroup::small);
  finish(receiving);
  EXPECT_EQ(receiving.last(), -ENOBUFS);
  EXPECT_EQ(io().counters().buffers_exhausted, 1U);
  receiving.buffers.pop_back();
  io().recv_provided(receiving.op, pair.first, BufferGroup::small);
  finish(receiving);
  EXPECT_EQ(receiving.last(), 1);
  receiving.buffers.clear();
}

TEST_P(IoUringLimits, TinyQueuesLoseNothing) {
  IoOptions tiny = options();
  tiny.submission_entries = 8;
  tiny.completion_entries = 8;
  tiny.completions_per_turn_max = 4;
  make(tiny);
  echo_all(64, 20);
  EXPECT_GT(io().counters().submission_overflows, 0U);
}

TEST_P(IoUringLimits, CompletionsBeyondTheQueueAreNotLost) {
  IoOptions tiny = options();
  tiny.submission_entries = 8;
  tiny.completion_entries = 8;
  make(tiny);
  std::array<Recorder, 100> sending;
  const Pair pair = unix_pair();
  for (Recorder& recorder : sending)
    io().send(recorder.op, pair.first, as_bytes("x"));
  for (Recorder& recorder : sending) {
    finish(recorder);
    EXPECT_EQ(recorder.last(), 1);
  }
  EXPECT_GT(io().counters().completion_overflows, 0U);
}

TEST_P(IoUringLimits, RefusalsOfTheKernelLoseNothing) {
  for (const int error : {-EINTR, -EAGAIN, -EBUSY}) {
    for (const int every : {2, 3, 7}) {
      IoOptions small = options();
      small.submission_entries = 8;
      make(small);
      refusals = {.every = every, .error = error};
      echo_all(20, 5);
      EXPECT_GT(refusals.refused, 0);
      EXPECT_EQ(io().counters().submissions_refused != 0, error != -EINTR);
      refusals = {};
    }
  }
}

class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t limit) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{.rlim_cur = limit, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST_P(IoUringLimits, AcceptEndsWithoutDescriptorsAndCanBeArmedAgain) {
  const Socket listener = listen_on_loopback();
  const SocketAddress address = io().local_address(listener);
  const Socket connecting = keep(io().open_socket(AF_INET).value());
  Recorder accepting;
  {
    const FewDescriptors few(static_cast<rlim_t>(connecting) + 1);
    io().accept_multishot(accepting.op, listener);
    settle();
    ASSERT_EQ(::connect(static_cast<int>(connecting), address.native(), address.native_length()),
              0);
    finish(accepting);
    EXPECT_EQ(accepting.last(), -EMFILE);
    EXPECT_EQ(io().open_socket(AF_INET).error(), -EMFILE);
  }
  // The kernel took the connection off the queue before it knew: it is gone, and the next one
  // comes.
  const Socket next = keep(io().open_socket(AF_INET).value());
  io().accept_multishot(accepting.op, listener);
  ASSERT_EQ(::connect(static_cast<int>(next), address.native(), address.native_length()), 0);
  run_until([&] { return accepting.last() >= 0; });
  keep(Socket{accepting.last()});
  cancel(accepting);
}

// With few descriptors the kernel gives the same number out again at once: an operation that
// outlived its socket would hit a stranger's.
TEST_P(IoUringLimits, ReusedDescriptorsMeetNoStrangers) {
  constexpr int kRounds = 1000;
  const Socket listener = listen_on_loopback();
  const SocketAddress address = io().local_address(listener);
  for (int round = 0; round < kRounds; ++round) {
    Recorder connecting;
    Recorder receiving;
    Recorder sending;
    const Socket socket = *io().open_socket(AF_INET);
    io().connect(connecting.op, socket, address);
    finish(connecting);
    ASSERT_EQ(connecting.last(), 0);
    const Socket peer{accept4(static_cast<int>(listener), nullptr, nullptr, SOCK_CLOEXEC)};
    const std::string text = std::to_string(round);
    io().recv_multishot(receiving.op, socket, BufferGroup::small);
    io().send(sending.op, peer, as_bytes(text));
    run_until([&] { return receiving.bytes.size() >= text.size() && sending.done(); });
    ASSERT_EQ(receiving.bytes, text);
    cancel(receiving);
    Recorder closing;
    Recorder closing_peer;
    io().close(closing.op, socket);
    io().close(closing_peer.op, peer);
    finish(closing);
    finish(closing_peer);
  }
  EXPECT_EQ(io().counters().stale_completions, 0U);
}

}  // namespace
}  // namespace headrace::core
