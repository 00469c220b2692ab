// Splicing between sockets and pipes.
#include <fcntl.h>
#include <unistd.h>

#include "tests/core/io_uring_world.h"

namespace headrace::core {
namespace {

class IoUringSplice : public IoUring {
 protected:
  static constexpr std::size_t kPipeBytes = 65536;

  void SetUp() override {
    IoUring::SetUp();
    ASSERT_EQ(pipe2(ends_, O_CLOEXEC), 0);
    ASSERT_EQ(fcntl(ends_[1], F_SETPIPE_SZ, kPipeBytes), static_cast<int>(kPipeBytes));
  }
  void TearDown() override {
    close(ends_[0]);
    close(ends_[1]);
    IoUring::TearDown();
  }

  void splice_in(Recorder& recorder, Socket from, std::size_t bytes) {
    io().splice(recorder.op, static_cast<int>(from), ends_[1], bytes, SendMore::no);
  }
  void splice_out(Recorder& recorder, Socket to, std::size_t bytes) {
    io().splice(recorder.op, ends_[0], static_cast<int>(to), bytes, SendMore::no);
  }

 private:
  int ends_[2] = {-1, -1};
};
HEADRACE_FOR_ALL_FEATURE_SETS(IoUringSplice);

TEST_P(IoUringSplice, MovesWhatIsThere) {
  const Pair from = tcp_pair();
  const Pair to = tcp_pair();
  Recorder in;
  Recorder out;
  write_to(from.second, "spliced bytes");
  splice_in(in, from.first, kPipeBytes);
  EXPECT_TRUE(in.results.empty()) << "completed inside the call that started it";
  finish(in);
  EXPECT_EQ(in.last(), 13);
  splice_out(out, to.first, 13);
  finish(out);
  EXPECT_EQ(out.last(), 13);
  EXPECT_EQ(read_some(to.second), "spliced bytes");
}

TEST_P(IoUringSplice, WaitsForBytesWithoutBlocking) {
  for (const Pair& from : {tcp_pair(), unix_pair()}) {
    Recorder in;
    splice_in(in, from.first, kPipeBytes);
    settle();
    EXPECT_TRUE(in.op.in_flight());
    write_to(from.second, "late");
    finish(in);
    EXPECT_EQ(in.last(), 4);
    EXPECT_EQ(fcntl(static_cast<int>(from.first), F_GETFL) & O_NONBLOCK, 0);
    Recorder out;
    splice_out(out, from.first, 4);
    finish(out);
    EXPECT_EQ(read_some(from.second), "late");
  }
}

TEST_P(IoUringSplice, WaitsForThePipeWhenThatIsFull) {
  const Pair from = tcp_pair();
  const Pair to = tcp_pair();
  const std::string text(kPipeBytes, 'x');
  std::size_t filled = 0;
  Recorder in;
  while (!in.op.in_flight()) {
    write_to(from.second, text);
    splice_in(in, from.first, kPipeBytes);
    settle();
    if (in.done()) filled += static_cast<std::size_t>(in.last());
  }
  EXPECT_GT(filled, 0U);
  Recorder out;
  splice_out(out, to.first, kPipeBytes);
  finish(out);
  EXPECT_GT(out.last(), 0);
  finish(in);
  EXPECT_GT(in.last(), 0);
}

TEST_P(IoUringSplice, WaitsForASlowReader) {
  const Pair from = tcp_pair();
  const Pair to = tcp_pair();
  const std::string text(kPipeBytes / 2, 'x');
  std::size_t moved = 0;
  Recorder in;
  Recorder out;
  while (!out.op.in_flight()) {
    write_to(from.second, text);
    splice_in(in, from.first, kPipeBytes);
    finish(in);
    ASSERT_GT(in.last(), 0);
    splice_out(out, to.first, kPipeBytes);
    settle();
    if (out.done()) moved += static_cast<std::size_t>(out.last());
  }
  EXPECT_GE(read_while_turning(to.second, moved).size(), moved);
  finish(out);
  EXPECT_GT(out.last(), 0);
}

TEST_P(IoUringSplice, TellsTheEndOfTheStream) {
  const Pair from = tcp_pair();
  Recorder in;
  splice_in(in, from.first, kPipeBytes);
  settle();
  ::shutdown(static_cast<int>(from.second), SHUT_WR);
  finish(in);
  EXPECT_EQ(in.last(), 0);
}

TEST_P(IoUringSplice, CanBeCancelledWhileItWaits) {
  const Pair from = tcp_pair();
  Recorder in;
  splice_in(in, from.first, kPipeBytes);
  cancel(in);
  EXPECT_EQ(in.last(), -ECANCELED);
}

TEST_P(IoUringSplice, ToADeadConnectionFailsWithoutASignal) {
  const Pair from = unix_pair();
  const Pair to = unix_pair();
  close_kept(to.second);
  Recorder in;
  Recorder out;
  write_to(from.second, "for nobody");
  splice_in(in, from.first, kPipeBytes);
  finish(in);
  splice_out(out, to.first, kPipeBytes);
  finish(out);
  EXPECT_EQ(out.last(), -EPIPE);
}

}  // namespace
}  // namespace headrace::core
