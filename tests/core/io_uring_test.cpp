// Every operation of the io_uring seam, on real loopback and Unix sockets, once for each set of
// kernel features.
#include <array>
#include <thread>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "tests/core/io_uring_world.h"

namespace headrace::core {
namespace {

HEADRACE_FOR_ALL_FEATURE_SETS(IoUring);

// More than both sockets' buffers hold.
constexpr std::size_t kTooMuch = 12'000'000;

std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i)
    text[i] = static_cast<char>((i * 7 + i / 251) & 0xff);
  return text;
}

TEST_P(IoUring, SwitchedOffFeaturesAreNotUsed) {
  const IoFeatures& wanted = GetParam().features;
  EXPECT_LE(io().features().recv_multishot, wanted.recv_multishot);
  EXPECT_LE(io().features().accept_multishot, wanted.accept_multishot);
  EXPECT_LE(io().features().send_vectorized, wanted.send_vectorized);
  EXPECT_LE(io().features().ring_messages, wanted.ring_messages);
  EXPECT_LE(io().features().absolute_waits, wanted.absolute_waits);
  EXPECT_LE(io().features().idle_waits, wanted.idle_waits);
  EXPECT_LE(io().features().single_issuer, wanted.single_issuer);
  EXPECT_LE(io().features().defer_taskrun, wanted.defer_taskrun);
}

TEST_P(IoUring, AcceptsUntilCancelledAndSocketsHaveNoDelay) {
  constexpr std::size_t kConnections = 20;
  const Socket listener = listen_on_loopback();
  Recorder accepting;
  io().accept_multishot(accepting.op, listener);
  std::array<Recorder, kConnections> connecting;
  for (Recorder& recorder : connecting) {
    const Socket socket = keep(io().open_socket(AF_INET).value());
    io().connect(recorder.op, socket, io().local_address(listener));
  }
  run_until([&] { return accepting.results.size() == kConnections; });
  for (const Recorder& recorder : connecting) {
    finish(recorder);
    EXPECT_EQ(recorder.last(), 0);
  }
  EXPECT_TRUE(accepting.op.in_flight());
  for (const int descriptor : accepting.results) {
    ASSERT_GE(descriptor, 0);
    int no_delay = 0;
    socklen_t length = sizeof no_delay;
    getsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &no_delay, &length);
    EXPECT_EQ(no_delay, 1);
    EXPECT_NE(fcntl(descriptor, F_GETFD) & FD_CLOEXEC, 0);
    const Socket socket = keep(Socket{descriptor});
    EXPECT_EQ(io().local_address(socket), io().local_address(listener));
    EXPECT_EQ(io().peer_address(socket).family(), AF_INET);
  }
  cancel(accepting);
  EXPECT_EQ(accepting.last(), -ECANCELED);
  EXPECT_EQ(accepting.finals, 1);
}

TEST_P(IoUring, ConnectsToUnixSocketsAndAgainAfterTheListenerDied) {
  char folder[] = "/tmp/headrace-io-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/socket";
  const auto address = SocketAddress::parse("unix:" + path);
  ASSERT_TRUE(address);
  for (int life = 0; life < 2; ++life) {
    // The second time the file is still there, and nobody behind it.
    const auto listener = io().listen(*address, 16);
    ASSERT_TRUE(listener) << listener.error();
    Recorder accepting;
    io().accept_multishot(accepting.op, *listener);
    Recorder connecting;
    const Socket socket = keep(io().open_socket(AF_UNIX).value());
    io().connect(connecting.op, socket, *address);
    finish(connecting);
    EXPECT_EQ(connecting.last(), 0);
    run_until([&] { return !accepting.results.empty(); });
    keep(Socket{accepting.last()});
    const auto second = io().listen(*address, 16);
    EXPECT_FALSE(second) << "a living listener was pushed aside";
    cancel(accepting);
    io().close_now(*listener);
  }
  unlink(path.c_str());
  rmdir(folder);
}

TEST_P(IoUring, ConnectReportsRefusal) {
  const Socket listener = listen_on_loopback();
  const SocketAddress address = io().local_address(listener);
  close_kept(listener);
  Recorder connecting;
  const Socket socket = keep(io().open_socket(AF_INET).value());
  io().connect(connecting.op, socket, address);
  finish(connecting);
  EXPECT_EQ(connecting.last(), -ECONNREFUSED);
}

TEST_P(IoUring, MultishotReceiveStaysArmedUntilTheStreamEnds) {
  for (const Pair& pair : {tcp_pair(), unix_pair()}) {
    Recorder receiving;
    io().recv_multishot(receiving.op, pair.first, BufferGroup::small);
    std::string sent;
    for (int i = 0; i < 50; ++i) {
      const std::string text = "message " + std::to_string(i) + ";";
      write_to(pair.second, text);
      sent += text;
      if (i % 3 == 0) run_until([&] { return receiving.bytes == sent; });
    }
    run_until([&] { return receiving.bytes == sent; });
    EXPECT_TRUE(receiving.op.in_flight());
    EXPECT_EQ(receiving.finals, 0);
    ::shutdown(static_cast<int>(pair.second), SHUT_WR);
    finish(receiving);
    EXPECT_EQ(receiving.last(), 0);
    EXPECT_EQ(receiving.finals, 1);
  }
}

TEST_P(IoUring, LongStreamsArriveWholeThroughEitherGroup) {
  const std::string sent = pattern(3'000'001);
  for (const BufferGroup group : {BufferGroup::small, BufferGroup::bulk}) {
    const Pair pair = tcp_pair();
    Recorder receiving;
    Recorder sending;
    // A burst may use up the ring: then the receive ends, and is armed again.
    receiving.then = [&] {
      if (receiving.last() == -ENOBUFS) io().recv_multishot(receiving.op, pair.first, group);
    };
    io().recv_multishot(receiving.op, pair.first, group);
    io().send(sending.op, pair.second, as_bytes(sent));
    run_until([&] { return receiving.bytes.size() == sent.size() && sending.done(); });
    EXPECT_TRUE(receiving.bytes == sent) << receiving.bytes.size();
    EXPECT_EQ(sending.last(), static_cast<std::int32_t>(sent.size()));
    EXPECT_EQ(sending.results.size(), 1U);
    cancel(receiving);
  }
}

TEST_P(IoUring, ProvidedReceiveTakesTheNextBytesOnly) {
  const Pair pair = tcp_pair();
  Recorder receiving;
  io().recv_provided(receiving.op, pair.first, BufferGroup::bulk);
  write_to(pair.second, "first");
  finish(receiving);
  EXPECT_EQ(receiving.bytes, "first");
  write_to(pair.second, "second");
  settle();
  EXPECT_EQ(receiving.results.size(), 1U);
  EXPECT_EQ(read_some(pair.first), "second");
}

TEST_P(IoUring, ReceiveTellsWhenMoreIsQueued) {
  const Pair pair = tcp_pair();
  std::array<std::byte, 4> into{};
  bool more = false;
  struct Watcher {
    void on_completion(Completion& completion) { *more = completion.may_have_more; }
    Op op;
    bool* more;
  } watcher{{}, &more};
  watcher.op.bind<&Watcher::on_completion>(&watcher);
  write_to(pair.second, "eightbyt");
  io().recv_into(watcher.op, pair.first, into);
  run_until([&] { return !watcher.op.in_flight(); });
  EXPECT_TRUE(more);
  io().recv_into(watcher.op, pair.first, into);
  run_until([&] { return !watcher.op.in_flight(); });
  EXPECT_FALSE(more);
  EXPECT_EQ(std::memcmp(into.data(), "tbyt", 4), 0);
}

TEST_P(IoUring, ReceiveIntoTakesWhatIsThere) {
  const Pair pair = unix_pair();
  std::array<std::byte, 100> into{};
  Recorder receiving;
  io().recv_into(receiving.op, pair.first, into);
  settle();
  EXPECT_TRUE(receiving.op.in_flight());
  write_to(pair.second, "abc");
  finish(receiving);
  EXPECT_EQ(receiving.last(), 3);
  EXPECT_EQ(std::memcmp(into.data(), "abc", 3), 0);
}

TEST_P(IoUring, SendGoesOnInTheKernelUntilAllIsSent) {
  for (const Pair& pair : {tcp_pair(), unix_pair()}) {
    const std::string sent = pattern(kTooMuch);
    Recorder sending;
    io().send(sending.op, pair.first, as_bytes(sent));
    settle();
    EXPECT_TRUE(sending.op.in_flight()) << "all of it fitted into the socket's buffers";
    const std::string received = read_while_turning(pair.second, sent.size());
    finish(sending);
    EXPECT_TRUE(received == sent) << received.size();
    EXPECT_EQ(sending.results, std::vector<std::int32_t>{static_cast<std::int32_t>(sent.size())});
  }
}

TEST_P(IoUring, VectorsAreSentInOrderAndCopiedAtTheCall) {
  for (const Pair& pair : {tcp_pair(), unix_pair()}) {
    std::vector<std::string> parts;
    std::array<iovec, Io::kSendSlicesMax> slices;
    std::string sent;
    for (iovec& slice : slices) {
      const std::size_t index = parts.size();
      parts.push_back(pattern(index % 4 == 1 ? 1 : kTooMuch / 12 + index));
      sent += parts.back();
      slice.iov_len = parts.back().size();
    }
    for (std::size_t i = 0; i < slices.size(); ++i)
      slices[i].iov_base = parts[i].data();
    Recorder sending;
    io().send_vector(sending.op, pair.first, slices);
    slices.fill({});
    const std::string received = read_while_turning(pair.second, sent.size());
    finish(sending);
    EXPECT_TRUE(received == sent) << received.size();
    EXPECT_EQ(sending.last(), static_cast<std::int32_t>(sent.size()));
  }
}

TEST_P(IoUring, SendingToADeadConnectionFailsWithoutASignal) {
  const Pair pair = tcp_pair();
  close_kept(pair.second);
  Recorder first;
  io().send(first.op, pair.first, as_bytes("provokes a reset"));
  finish(first);
  run_until([&] {
    Recorder again;
    io().send(again.op, pair.first, as_bytes("x"));
    finish(again);
    return again.last() == -EPIPE || again.last() == -ECONNRESET;
  });
}

TEST_P(IoUring, ShutdownOfBothSidesEndsAReceiveInFlight) {
  const Pair pair = tcp_pair();
  Recorder receiving;
  Recorder ending;
  io().recv_multishot(receiving.op, pair.first, BufferGroup::small);
  settle();
  io().shutdown(ending.op, pair.first);
  EXPECT_FALSE(ending.done()) << "completed inside the call that started it";
  finish(ending);
  EXPECT_EQ(ending.last(), 0);
  finish(receiving);
  EXPECT_EQ(receiving.last(), 0);
}

TEST_P(IoUring, ShutdownOfTheSendSideComesAfterWhatWasQueued) {
  const Pair pair = tcp_pair();
  Recorder receiving;
  Recorder sending;
  Recorder ending;
  io().recv_multishot(receiving.op, pair.first, BufferGroup::small);
  io().send(sending.op, pair.first, as_bytes("last words"));
  io().shutdown(ending.op, pair.first, ShutdownSide::send);
  finish(ending);
  finish(sending);
  EXPECT_EQ(sending.last(), 10);
  EXPECT_EQ(read_some(pair.second), "last words");
  EXPECT_EQ(read_some(pair.second), "");
  write_to(pair.second, "still heard");
  run_until([&] { return receiving.bytes == "still heard"; });
  EXPECT_TRUE(receiving.op.in_flight());
  cancel(receiving);
}

TEST_P(IoUring, ShutdownReportsWhatIsNotConnected) {
  const Socket socket = keep(io().open_socket(AF_INET).value());
  Recorder ending;
  io().shutdown(ending.op, socket);
  finish(ending);
  EXPECT_EQ(ending.last(), -ENOTCONN);
}

TEST_P(IoUring, CloseGivesTheDescriptorBack) {
  const auto socket = io().open_socket(AF_INET);
  Recorder closing;
  io().close(closing.op, *socket);
  finish(closing);
  EXPECT_EQ(closing.last(), 0);
  EXPECT_EQ(fcntl(static_cast<int>(*socket), F_GETFD), -1);
}

TEST_P(IoUring, TurnsWaitForTheirDeadlineAndNoLonger) {
  io().turn(Instant::min());
  const Instant start = io().now();
  EXPECT_EQ(io().turn(Instant::min()), 0U);
  EXPECT_EQ(io().turn(start), 0U);
  EXPECT_LT(io().now() - start, 1s) << "waited though the deadline had come";
  EXPECT_EQ(io().turn(start + 20ms), 0U);
  EXPECT_GE(io().now(), start + 20ms);
  EXPECT_GT(io().wall_now().unix_nanos, 0);
}

TEST_P(IoUring, TurnsHandOutNoMoreThanAsked) {
  constexpr std::size_t kMax = 4;
  IoOptions few = options();
  few.completions_per_turn_max = kMax;
  make(few);
  std::array<Recorder, 20> receiving;
  std::vector<Pair> pairs;
  for (Recorder& recorder : receiving) {
    pairs.push_back(unix_pair());
    io().recv_multishot(recorder.op, pairs.back().first, BufferGroup::small);
    write_to(pairs.back().second, "x");
  }
  // Those left over must not be waited for: they are there.
  for (std::size_t handed_out = 0; handed_out < receiving.size();) {
    const std::size_t count = io().turn(io().now() + kHang);
    ASSERT_NE(count, 0U);
    EXPECT_LE(count, kMax);
    handed_out += count;
  }
  for (Recorder& recorder : receiving) {
    EXPECT_EQ(recorder.bytes, "x");
    cancel(recorder);
  }
}

TEST_P(IoUring, RandomNumbersDiffer) {
  const std::uint64_t first = io().random();
  EXPECT_NE(first, io().random());
  make(options());
  EXPECT_NE(first, io().random());
}

}  // namespace
}  // namespace headrace::core
