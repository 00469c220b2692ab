// A pool on real sockets: who waits for a connection always hears of it.
#include "net/upstream/upstream_pool.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "net/edge/downstream_connection.h"
#include "net/proxy/exchange.h"
#include "net/proxy/request_message.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "tests/net/built_snapshot.h"

namespace headrace::net {
namespace {

constexpr std::string_view kConfig = R"(
listeners:
  - address: 127.0.0.1:0
providers:
  - name: named
    dialect: openai
    url: http://provider.test
    auth: none
    private_network: true
    connect_timeout_ms: 5000
    pool_idle_max: 8
    pool_total_max: 8
  - name: other
    dialect: openai
    url: http://other.test
    auth: none
    private_network: true
    connect_timeout_ms: 5000
)";

constexpr std::uint32_t kConnections = 8;  // of the shard

class Waiter final : public UpstreamUser {
 public:
  void on_upstream_ready(UpstreamConnection& connection) override { connection_ = &connection; }
  void on_upstream_failed(UpstreamFailure failure) override { failure_ = failure; }
  void on_upstream_received(core::BufferLease) override {}
  void on_upstream_ended(PeerEnd) override {}
  void on_upstream_sent(bool) override {}

  [[nodiscard]] bool told() const {
    return connection_ != nullptr || failure_ != UpstreamFailure::none;
  }
  UpstreamConnection* connection_ = nullptr;
  UpstreamFailure failure_ = UpstreamFailure::none;
};

class UpstreamPoolTest : public testing::Test {
 protected:
  UpstreamPoolTest()
      : io_(core::Io::create({}).value()),
        budget_(std::size_t{64} * 1024 * 1024),
        snapshot_(built_snapshot(kConfig)) {
    io_->enable();
    io_->turn(core::Instant::min());
    timers_.advance(io_->now(), 1);
    context_ = std::make_unique<ShardContext>(*io_, timers_, 0,
                                              ShardCapacity{.upstream_connections = kConnections},
                                              budget_, std::size_t{1024} * 1024);
    config_ = std::make_unique<ShardConfig>(*context_, snapshot_, 1);
    context_->config = config_.get();
  }

  ~UpstreamPoolTest() override {
    config_->retire();
    run([this] { return context_->upstreams.in_use() == 0; });
    EXPECT_EQ(context_->upstreams.in_use(), 0U);
  }

  template <class Done>
  void run(const Done& done) {
    const core::Instant end = io_->now() + std::chrono::seconds(10);
    while (!done() && io_->now() < end) {
      io_->turn(std::min(timers_.next_deadline(), io_->now() + std::chrono::milliseconds(20)));
      timers_.advance(io_->now(), 64);
    }
  }

  // A port where somebody listens, or where nobody does.
  core::SocketAddress port(bool listening) {
    const auto any = core::SocketAddress::parse("127.0.0.1:0").value();
    const core::Socket socket = io_->listen(any, 16).value();
    const core::SocketAddress address = io_->local_address(socket);
    listening ? listeners_.push_back(socket) : io_->close_now(socket);
    return address;
  }

  void name_means(std::initializer_list<core::SocketAddress> addresses,
                  std::uint32_t provider = 0) {
    config_->take_addresses(provider, std::vector(addresses), std::chrono::seconds(60));
  }

  void let_go(std::span<Waiter> waiters) {
    for (Waiter& each : waiters) {
      if (each.connection_ != nullptr) each.connection_->abandon(nullptr);
    }
    for (const core::Socket socket : listeners_)
      io_->close_now(socket);
  }

  core::TimerWheel timers_;
  std::unique_ptr<core::Io> io_;
  core::BodyBudget budget_;
  std::shared_ptr<const ConfigSnapshot> snapshot_;
  std::unique_ptr<ShardContext> context_;
  std::unique_ptr<ShardConfig> config_;
  std::vector<core::Socket> listeners_;
};

TEST_F(UpstreamPoolTest, TriesTheNextAddressWhereOneFails) {
  const core::SocketAddress dead = port(false);
  const core::SocketAddress live = port(true);
  name_means({dead, live});
  std::array<Waiter, 6> waiters;
  for (Waiter& each : waiters)
    ASSERT_EQ(config_->pool(0).acquire(each), nullptr);
  run([&] { return std::ranges::all_of(waiters, &Waiter::told); });
  for (const Waiter& each : waiters)
    EXPECT_NE(each.connection_, nullptr) << name(each.failure_);
  let_go(waiters);
}

TEST_F(UpstreamPoolTest, TellsEachWhoWaitsThatNoAddressAnswers) {
  name_means({port(false), port(false)});
  std::array<Waiter, 5> waiters;
  for (Waiter& each : waiters)
    ASSERT_EQ(config_->pool(0).acquire(each), nullptr);
  run([&] { return std::ranges::all_of(waiters, &Waiter::told); });
  for (const Waiter& each : waiters)
    EXPECT_EQ(each.failure_, UpstreamFailure::connect_refused);
}

TEST_F(UpstreamPoolTest, TellsAllWhoWaitWhereNoConnectionCanBeOpened) {
#ifdef HEADRACE_SANITIZED
  GTEST_SKIP() << "a sanitizer opens a pipe to see whether memory may be read";
#endif
  const core::SocketAddress live = port(true);
  config_->asked_for_addresses(0);
  std::array<Waiter, 5> waiters;
  for (Waiter& each : waiters)
    ASSERT_EQ(config_->pool(0).acquire(each), nullptr);
  // No descriptor is left: the lowest free one is beyond what is allowed.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int lowest = ::fcntl(0, F_DUPFD, 0);
  ::close(lowest);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(lowest);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  name_means({live});
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  for (const Waiter& each : waiters)
    EXPECT_EQ(each.failure_, UpstreamFailure::descriptors);
  let_go(waiters);
}

// Every place is taken by one provider's idle connections: they make room for another's.
TEST_F(UpstreamPoolTest, TakesThePlaceOfAnotherPoolsIdleConnection) {
  const core::SocketAddress live = port(true);
  name_means({live});
  name_means({live}, 1);
  std::array<Waiter, kConnections> first;
  for (Waiter& each : first)
    ASSERT_EQ(config_->pool(0).acquire(each), nullptr);
  run([&] { return std::ranges::all_of(first, &Waiter::told); });
  for (Waiter& each : first) {
    ASSERT_NE(each.connection_, nullptr);
    std::exchange(each.connection_, nullptr)->release();
  }
  config_->pool(0).settle_returns();
  ASSERT_EQ(config_->pool(0).idle(), kConnections);

  std::array<Waiter, 3> second;
  for (Waiter& each : second)
    ASSERT_EQ(config_->pool(1).acquire(each), nullptr);
  run([&] { return std::ranges::all_of(second, &Waiter::told); });
  for (const Waiter& each : second)
    EXPECT_NE(each.connection_, nullptr) << name(each.failure_);
  EXPECT_LT(config_->pool(0).idle(), kConnections);
  let_go(second);
}

// Who has met a dead connection must not be given another that may be as dead.
TEST_F(UpstreamPoolTest, GivesNobodyAUsedConnectionWhoWantsAFreshOne) {
  name_means({port(true)});
  UpstreamPool& pool = config_->pool(0);
  std::array<Waiter, 1> first;
  ASSERT_EQ(pool.acquire(first[0]), nullptr);
  run([&] { return first[0].told(); });
  ASSERT_NE(first[0].connection_, nullptr);
  UpstreamConnection* const used = first[0].connection_;

  std::array<Waiter, 2> second;
  pool.acquire_fresh(second[0]);
  std::exchange(first[0].connection_, nullptr)->release();
  pool.settle_returns();
  EXPECT_FALSE(second[0].told());
  EXPECT_EQ(pool.idle(), 1U);
  run([&] { return second[0].told(); });
  ASSERT_NE(second[0].connection_, nullptr);
  EXPECT_NE(second[0].connection_, used);
  EXPECT_EQ(second[0].connection_->requests_before(), 0U);
  // Anybody else may have it.
  second[1].connection_ = pool.acquire(second[1]);
  EXPECT_EQ(second[1].connection_, used);
  let_go(second);
}

// All places are taken: one of those who give a connection back makes room, and no more than one.
TEST_F(UpstreamPoolTest, MakesOnePlaceForWhoWantsAFreshConnection) {
  name_means({port(true)});
  UpstreamPool& pool = config_->pool(0);
  std::array<Waiter, kConnections> first;
  for (Waiter& each : first)
    ASSERT_EQ(pool.acquire(each), nullptr);
  run([&] { return std::ranges::all_of(first, &Waiter::told); });
  std::array<Waiter, 1> second;
  pool.acquire_fresh(second[0]);
  for (Waiter& each : first) {
    ASSERT_NE(each.connection_, nullptr);
    std::exchange(each.connection_, nullptr)->release();
  }
  pool.settle_returns();
  EXPECT_EQ(pool.idle(), kConnections - 1);
  run([&] { return second[0].told(); });
  ASSERT_NE(second[0].connection_, nullptr) << name(second[0].failure_);
  EXPECT_EQ(second[0].connection_->requests_before(), 0U);
  EXPECT_EQ(pool.total(), kConnections);
  let_go(second);
}

}  // namespace
}  // namespace headrace::net
