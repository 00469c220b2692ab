// Cancelling, whatever the moment, and operations whose time is over.
#include <array>

#include <sys/ioctl.h>

#include "tests/core/io_uring_world.h"

namespace headrace::core {
namespace {

class IoUringCancel : public IoUring {};
HEADRACE_FOR_ALL_FEATURE_SETS(IoUringCancel);

TEST_P(IoUringCancel, EndsAWaitingReceive) {
  const Pair pair = tcp_pair();
  Recorder receiving;
  io().recv_multishot(receiving.op, pair.first, BufferGroup::small);
  settle();
  cancel(receiving);
  EXPECT_EQ(receiving.results, std::vector<std::int32_t>{-ECANCELED});
}

TEST_P(IoUringCancel, ReachesAnOperationQueuedInTheSameTurn) {
  const Pair pair = tcp_pair();
  Recorder receiving;
  io().recv_multishot(receiving.op, pair.first, BufferGroup::small);
  cancel(receiving);
  EXPECT_EQ(receiving.last(), -ECANCELED);
}

TEST_P(IoUringCancel, TellsThatThereWasNothingToCancel) {
  Recorder never_started;
  Recorder cancelling;
  io().cancel(cancelling.op, never_started.op);
  finish(cancelling);
  EXPECT_EQ(cancelling.last(), -ENOENT);
  EXPECT_TRUE(never_started.results.empty());
}

TEST_P(IoUringCancel, DoesNotReachTheNextUseOfTheSameOp) {
  const Pair pair = tcp_pair();
  Recorder receiving;
  io().recv_provided(receiving.op, pair.first, BufferGroup::small);
  settle();
  write_to(pair.second, "x");
  // Armed again by its own handler, in the very turn in which the cancellation of its first use is
  // on its way.
  receiving.then = [&] {
    receiving.then = nullptr;
    io().recv_provided(receiving.op, pair.first, BufferGroup::small);
  };
  Recorder cancelling;
  io().cancel(cancelling.op, receiving.op);
  finish(cancelling);
  settle();
  // Either use may have met the bytes, but the cancellation was for the first alone.
  EXPECT_EQ(receiving.bytes, "x");
  EXPECT_TRUE(receiving.op.in_flight() || receiving.last() == 1);
  if (receiving.op.in_flight()) cancel(receiving);
}

TEST_P(IoUringCancel, EndsAConnectThatWaits) {
  // A listener whose queue is full and never emptied keeps further connections waiting.
  const Socket listener = keep(io().open_socket(AF_INET).value());
  const SocketAddress any = SocketAddress::from_ip("127.0.0.1", 0).value();
  ASSERT_EQ(bind(static_cast<int>(listener), any.native(), any.native_length()), 0);
  ASSERT_EQ(::listen(static_cast<int>(listener), 0), 0);
  std::array<Recorder, 4> connecting;
  for (Recorder& recorder : connecting) {
    io().connect(recorder.op, keep(io().open_socket(AF_INET).value()),
                 io().local_address(listener));
  }
  settle();
  ASSERT_TRUE(connecting.back().op.in_flight());
  for (Recorder& recorder : connecting) {
    if (recorder.op.in_flight()) cancel(recorder);
  }
  EXPECT_EQ(connecting.back().last(), -ECANCELED);
}

TEST_P(IoUringCancel, SendTellsHowFarItGot) {
  const Pair pair = tcp_pair();
  std::string text;
  text.resize(20'000'000, 'x');
  Recorder sending;
  io().send(sending.op, pair.first, as_bytes(text));
  settle();
  ASSERT_TRUE(sending.op.in_flight());
  cancel(sending);
  ASSERT_EQ(sending.results.size(), 1U);
  EXPECT_GT(sending.last(), 0);
  EXPECT_LT(sending.last(), static_cast<std::int32_t>(text.size()));
  const std::string received =
      read_while_turning(pair.second, static_cast<std::size_t>(sending.last()));
  EXPECT_EQ(received.size(), static_cast<std::size_t>(sending.last()));
}

// Cancellation, arrival of bytes and the handler's own cancellation meet in every order. Whatever
// happens: one final completion, and no byte lost.
TEST_P(IoUringCancel, RacesLoseNoByteAndEndOnce) {
  const Pair pair = unix_pair();
  std::string sent;
  std::string received;
  for (int round = 0; round < 400; ++round) {
    Recorder receiving;
    Recorder cancelling;
    io().recv_multishot(receiving.op, pair.first, BufferGroup::small);
    if (round % 2 == 0) settle();
    const auto write_one = [&] {
      const std::string text = std::to_string(round) + ",";
      write_to(pair.second, text);
      sent += text;
    };
    const auto cancel_it = [&] {
      if (!cancelling.op.in_flight()) io().cancel(cancelling.op, receiving.op);
    };
    switch (round % 5) {
      case 0:
        write_one();
        cancel_it();
        break;
      case 1:
        cancel_it();
        write_one();
        break;
      case 2:
        receiving.then = [&] {
          receiving.then = nullptr;
          cancel_it();
        };
        write_one();
        write_one();
        break;
      case 3:
        write_one();
        io().turn(Instant::min());
        cancel_it();
        write_one();
        break;
      default:
        cancel_it();
        io().turn(Instant::min());
        write_one();
        break;
    }
    run_until([&] { return !receiving.op.in_flight() && !cancelling.op.in_flight(); });
    EXPECT_EQ(receiving.finals, 1) << "round " << round;
    received += receiving.bytes;
  }
  received += read_some(pair.first, MSG_DONTWAIT);
  EXPECT_EQ(received, sent);
}

TEST_P(IoUringCancel, AcceptedConnectionsAreNotLost) {
  const Socket listener = listen_on_loopback();
  constexpr int kRounds = 50;
  int accepted = 0;
  for (int round = 0; round < kRounds; ++round) {
    Recorder accepting;
    io().accept_multishot(accepting.op, listener);
    if (round % 2 == 0) settle();
    const Socket connecting = keep(io().open_socket(AF_INET).value());
    const SocketAddress address = io().local_address(listener);
    ASSERT_EQ(::connect(static_cast<int>(connecting), address.native(), address.native_length()),
              0);
    cancel(accepting);
    for (const std::int32_t result : accepting.results) {
      if (result < 0) continue;
      ++accepted;
      keep(Socket{result});
    }
  }
  // Those that the cancelled accepts left in the listener's queue.
  int non_blocking = 1;
  ioctl(static_cast<int>(listener), FIONBIO, &non_blocking);
  for (int rest = 0; (rest = accept4(static_cast<int>(listener), nullptr, nullptr, 0)) >= 0;) {
    ++accepted;
    keep(Socket{rest});
  }
  EXPECT_EQ(accepted, kRounds);
}

TEST_P(IoUringCancel, CompletionsOfAnEarlierUseAreDropped) {
  const Pair pair = tcp_pair();
  Recorder receiving;
  io().recv_multishot(receiving.op, pair.first, BufferGroup::bulk);
  settle();
  // As if the operation had been given up without waiting for its end.
  const std::uint16_t generation = Op::Access::generation(receiving.op);
  Op::Access::finish(receiving.op);
  Op::Access::begin(receiving.op, OpKind::poll, -1);
  ASSERT_NE(Op::Access::generation(receiving.op), generation);
  write_to(pair.second, "for nobody");
  run_until([&] { return io().counters().stale_completions == 1; });
  EXPECT_TRUE(receiving.results.empty());
  EXPECT_EQ(io().buffers_leased(BufferGroup::bulk), 0U);
  Op::Access::finish(receiving.op);
  // The forgotten receive ends with its socket, unheard, and stays in the count.
  ::shutdown(static_cast<int>(pair.first), SHUT_RDWR);
  const unsigned stale = io().features().recv_multishot ? 2 : 1;
  run_until([&] { return io().counters().stale_completions == stale; });
  expect_left_in_flight(1);
}

}  // namespace
}  // namespace headrace::core
