// What the io_uring tests share: an Io with a choice of features, recorders that operations report
// to, and ways to get connected sockets. At the end of each test nothing may be left in flight and
// every buffer must be back.
#pragma once

#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "core/io.h"

namespace headrace::core {

using namespace std::chrono_literals;

// Keeps what an operation reported. Buffers are copied and dropped, unless `keeps_buffers`.
struct Recorder {
  Recorder() { op.bind<&Recorder::on_completion>(this); }

  void on_completion(Completion& completion) {
    results.push_back(completion.result);
    if (!completion.more) ++finals;
    if (completion.buffer) {
      bytes.append(reinterpret_cast<const char*>(completion.buffer.data()),
                   completion.buffer.size());
      if (keeps_buffers) buffers.push_back(std::move(completion.buffer));
    }
    // A copy: what is called may put something else in its place.
    if (const auto call = then) call();
  }
  [[nodiscard]] bool done() const { return !op.in_flight() && !results.empty(); }
  [[nodiscard]] std::int32_t last() const { return results.empty() ? -1 : results.back(); }

  Op op;
  std::vector<std::int32_t> results;
  std::string bytes;
  std::vector<BufferLease> buffers;
  std::function<void()> then;
  int finals = 0;
  bool keeps_buffers = false;
};

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class IoWorld : public testing::Test {
 public:
  static constexpr auto kHang = 60s;

 protected:
  void make(const IoOptions& options) {
    auto made = Io::create(options);
    ASSERT_TRUE(made) << made.error();
    io_ = std::move(*made);
    io_->enable();
  }

  void TearDown() override {
    if (io_ == nullptr) return;
    EXPECT_EQ(io_->operations_in_flight(), left_in_flight_);
    EXPECT_EQ(io_->buffers_leased(BufferGroup::small), 0U);
    EXPECT_EQ(io_->buffers_leased(BufferGroup::bulk), 0U);
    for (const Socket socket : sockets_)
      io_->close_now(socket);
  }

  Io& io() { return *io_; }
  void drop_io() { io_.reset(); }
  void expect_left_in_flight(std::size_t operations) { left_in_flight_ = operations; }

  // Turns until `done`, or the test has failed.
  template <class Done>
  void run_until(Done done) {
    const auto end = std::chrono::steady_clock::now() + kHang;
    while (!done()) {
      io_->turn(io_->now() + 100ms);
      if (std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << "nothing more happens";
        return;
      }
    }
  }
  void finish(const Recorder& recorder) {
    run_until([&] { return recorder.done(); });
  }
  // Whatever is at hand, without waiting.
  void settle() {
    while (io_->turn(Instant::min()) != 0) {
    }
  }
  void cancel(Recorder& target) {
    Recorder cancelling;
    io_->cancel(cancelling.op, target.op);
    run_until([&] { return cancelling.done() && !target.op.in_flight(); });
  }

  // Closed at the end of the test.
  Socket keep(Socket socket) {
    sockets_.push_back(socket);
    return socket;
  }
  void close_kept(Socket socket) {
    std::erase(sockets_, socket);
    io_->close_now(socket);
  }

  Socket listen_on_loopback() {
    const auto any = SocketAddress::from_ip("127.0.0.1", 0);
    return keep(io_->listen(any.value(), 128).value());
  }

  using Pair = std::pair<Socket, Socket>;
  Pair tcp_pair() {
    if (listener_ == Socket::none) listener_ = listen_on_loopback();
    const Socket connecting = keep(io_->open_socket(AF_INET).value());
    const SocketAddress address = io_->local_address(listener_);
    EXPECT_EQ(::connect(static_cast<int>(connecting), address.native(), address.native_length()),
              0);
    const int accepted = ::accept4(static_cast<int>(listener_), nullptr, nullptr, SOCK_CLOEXEC);
    EXPECT_GE(accepted, 0);
    return {connecting, keep(Socket{accepted})};
  }
  Pair unix_pair() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    return {keep(Socket{ends[0]}), keep(Socket{ends[1]})};
  }

  // The peer's side, without the Io.
  static void write_to(Socket socket, std::string_view text) {
    EXPECT_EQ(::send(static_cast<int>(socket), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  static std::string read_some(Socket socket, int flags = 0) {
    std::string text(65536, '\0');
    const ssize_t got = ::recv(static_cast<int>(socket), text.data(), text.size(), flags);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
  std::string read_while_turning(Socket socket, std::size_t bytes) {
    std::string text;
    const auto end = std::chrono::steady_clock::now() + kHang;
    while (text.size() < bytes && std::chrono::steady_clock::now() < end) {
      io_->turn(Instant::min());
      text += read_some(socket, MSG_DONTWAIT);
    }
    return text;
  }

 private:
  std::unique_ptr<Io> io_;
  std::vector<Socket> sockets_;
  Socket listener_ = Socket::none;
  std::size_t left_in_flight_ = 0;
};

// Every operation must behave the same with all that the kernel has, with what kernel 6.1 has, and
// with nothing of it.
struct FeatureSet {
  const char* name;
  IoFeatures features;
};

inline constexpr IoFeatures kKernel61{
    .send_vectorized = false, .absolute_waits = false, .idle_waits = false};
inline constexpr IoFeatures kNothing{.single_issuer = false,
                                     .defer_taskrun = false,
                                     .recv_multishot = false,
                                     .accept_multishot = false,
                                     .send_vectorized = false,
                                     .ring_messages = false,
                                     .absolute_waits = false,
                                     .idle_waits = false};

class IoUring : public IoWorld, public testing::WithParamInterface<FeatureSet> {
 protected:
  void SetUp() override { make(options()); }
  [[nodiscard]] static IoOptions options() { return {.features = GetParam().features}; }
};

#define HEADRACE_FOR_ALL_FEATURE_SETS(Suite)                                                      \
  INSTANTIATE_TEST_SUITE_P(Kernel, Suite,                                                         \
                           testing::Values(FeatureSet{"full", {}}, FeatureSet{"v6_1", kKernel61}, \
                                           FeatureSet{"oldest", kNothing}),                       \
                           [](const auto& set) { return std::string(set.param.name); })

}  // namespace headrace::core
