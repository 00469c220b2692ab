// Splicing from socket to socket.
#include <array>

#include <fcntl.h>

#include "tests/core/io_uring_world.h"

namespace headrace::core {
namespace {

constexpr std::size_t kMuch = 1'000'000'000;

class IoUringSplice : public IoUring {
 protected:
  // Splices until the reader of `to` keeps nothing more: the splice waits for room.
  // Returns what was handed on.
  std::size_t fill(Recorder& recorder, const Pair& from, const Pair& to) {
    const std::string text(65536, 'x');
    std::size_t moved = 0;
    while (!recorder.op.in_flight()) {
      write_to(from.second, text);
      io().splice(recorder.op, from.first, to.first, kMuch);
      settle();
      if (recorder.done()) moved += static_cast<std::size_t>(recorder.last());
    }
    return moved;
  }
};
HEADRACE_FOR_ALL_FEATURE_SETS(IoUringSplice);

TEST_P(IoUringSplice, MovesWhatIsThere) {
  for (const auto& [from, to] :
       {std::pair(tcp_pair(), tcp_pair()), std::pair(unix_pair(), tcp_pair()),
        std::pair(tcp_pair(), unix_pair())}) {
    Recorder moving;
    write_to(from.second, "spliced bytes");
    io().splice(moving.op, from.first, to.first, kMuch);
    EXPECT_TRUE(moving.results.empty()) << "completed inside the call that started it";
    finish(moving);
    EXPECT_EQ(moving.last(), 13);
    EXPECT_EQ(read_some(to.second), "spliced bytes");
  }
}

TEST_P(IoUringSplice, MovesNoMoreThanAsked) {
  const Pair from = tcp_pair();
  const Pair to = tcp_pair();
  Recorder moving;
  write_to(from.second, "body|next head");
  io().splice(moving.op, from.first, to.first, 4);
  finish(moving);
  EXPECT_EQ(moving.last(), 4);
  EXPECT_EQ(read_some(to.second), "body");
  EXPECT_EQ(read_some(from.first), "|next head");
}

TEST_P(IoUringSplice, ComesAfterWhatWasQueuedBefore) {
  const Pair from = tcp_pair();
  const Pair to = tcp_pair();
  Recorder head;
  Recorder body;
  write_to(from.second, "body");
  io().send(head.op, to.first, as_bytes("head "), SendMore::no);
  io().splice(body.op, from.first, to.first, 4);
  finish(head);
  finish(body);
  EXPECT_EQ(read_some(to.second), "head body");
}

TEST_P(IoUringSplice, WaitsForBytesAndLeavesSocketsAsTheyWere) {
  const Pair from = tcp_pair();
  const Pair to = tcp_pair();
  Recorder moving;
  io().splice(moving.op, from.first, to.first, kMuch);
  settle();
  EXPECT_TRUE(moving.op.in_flight());
  write_to(from.second, "late");
  finish(moving);
  EXPECT_EQ(moving.last(), 4);
  for (const Socket socket : {from.first, to.first}) {
    EXPECT_EQ(fcntl(static_cast<int>(socket), F_GETFL), O_RDWR);
  }
}

TEST_P(IoUringSplice, WaitsForASlowReaderAndLosesNothing) {
  const Pair from = tcp_pair();
  const Pair to = tcp_pair();
  Recorder moving;
  const std::size_t moved = fill(moving, from, to);
  EXPECT_GT(moved, 0U);
  std::size_t read = 0;
  run_until([&] {
    read += read_some(to.second, MSG_DONTWAIT).size();
    return moving.done();
  });
  ASSERT_GT(moving.last(), 0);
  const std::size_t all = moved + static_cast<std::size_t>(moving.last());
  read += read_while_turning(to.second, all - read).size();
  EXPECT_EQ(read, all);
}

TEST_P(IoUringSplice, WithoutAPipeLeftSaysSoAndGoesOnLater) {
  IoOptions one = options();
  one.splice_pipes_max = 1;
  make(one);
  const Pair slow_from = tcp_pair();
  const Pair slow_to = tcp_pair();
  Recorder slow;
  fill(slow, slow_from, slow_to);
  const Pair from = tcp_pair();
  const Pair to = tcp_pair();
  write_to(from.second, "x");
  Recorder moving;
  io().splice(moving.op, from.first, to.first, kMuch);
  finish(moving);
  EXPECT_EQ(moving.last(), -ENOBUFS);
  cancel(slow);
  io().splice(moving.op, from.first, to.first, kMuch);
  finish(moving);
  EXPECT_EQ(moving.last(), 1);
}

TEST_P(IoUringSplice, TellsTheEndOfTheStream) {
  const Pair from = tcp_pair();
  const Pair to = tcp_pair();
  Recorder moving;
  io().splice(moving.op, from.first, to.first, kMuch);
  settle();
  ::shutdown(static_cast<int>(from.second), SHUT_WR);
  finish(moving);
  EXPECT_EQ(moving.last(), 0);
}

TEST_P(IoUringSplice, CanBeCancelledWhileItWaits) {
  const Pair from = tcp_pair();
  const Pair to = tcp_pair();
  Recorder waits_for_bytes;
  io().splice(waits_for_bytes.op, from.first, to.first, kMuch);
  cancel(waits_for_bytes);
  EXPECT_EQ(waits_for_bytes.last(), -ECANCELED);
  Recorder waits_for_room;
  fill(waits_for_room, from, to);
  cancel(waits_for_room);
  EXPECT_EQ(waits_for_room.last(), -ECANCELED);
}

TEST_P(IoUringSplice, ToADeadConnectionFailsWithoutASignal) {
  const Pair from = unix_pair();
  const Pair to = unix_pair();
  close_kept(to.second);
  Recorder moving;
  write_to(from.second, "for nobody");
  io().splice(moving.op, from.first, to.first, kMuch);
  finish(moving);
  EXPECT_EQ(moving.last(), -EPIPE);
}

}  // namespace
}  // namespace headrace::core
