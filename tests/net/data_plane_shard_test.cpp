// A whole shard on real sockets, turned by hand: what a reload leaves behind.
#include "net/data_plane_shard.h"

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "net/edge/downstream_connection.h"
#include "net/fleet.h"
#include "net/proxy/exchange.h"
#include "net/proxy/request_message.h"
#include "tests/net/built_snapshot.h"

namespace headrace::net {
namespace {

std::shared_ptr<const ConfigSnapshot> snapshot(std::string_view listeners, std::string_view admin) {
  return built_snapshot(fmt::format(
      "listeners:\n{}admin:\n  address: {}\naccess_log:\n  output: \"off\"\n", listeners, admin));
}

// Different addresses of the loopback, so that listeners differ without a fixed port.
constexpr std::string_view kTwo = "  - address: 127.0.0.1:0\n  - address: 127.0.0.2:0\n";
constexpr std::string_view kOne = "  - address: 127.0.0.1:0\n";

class DataPlaneShardTest : public testing::Test {
 protected:
  DataPlaneShardTest() : budget_(std::size_t{64} * 1024 * 1024), shard_(make(0)) {
    EXPECT_TRUE(shard_->listen().has_value());
    shard_->shard().start();
  }

  ~DataPlaneShardTest() override {
    (void)shard_->command({.kind = ShardCommandKind::close, .snapshot = nullptr});
    run([this] { return shard_->ended(); });
    EXPECT_TRUE(shard_->ended());
  }

  std::unique_ptr<DataPlaneShard> make(std::uint32_t number) {
    DataPlaneShard::Options options;
    options.small_buffers = 64;
    options.small_buffer_bytes = 4096;
    core::IoOptions io;
    io.small_buffers = 64;
    return std::make_unique<DataPlaneShard>(number, core::Io::create(io).value(), nullptr,
                                            snapshot(kTwo, "127.0.0.3:0"), budget_, nullptr,
                                            &fleet_, options);
  }

  template <class Done>
  static void run(DataPlaneShard& shard, const Done& done) {
    for (int turn = 0; turn < 200 && !done(); ++turn) {
      shard.shard().turn(shard.context().now() + std::chrono::milliseconds(10));
    }
  }
  template <class Done>
  void run(const Done& done) {
    run(*shard_, done);
  }

  static void reload(DataPlaneShard& shard, std::string_view listeners, std::string_view admin) {
    auto* handed = new std::shared_ptr<const ConfigSnapshot>(snapshot(listeners, admin));
    ASSERT_TRUE(shard.command({.kind = ShardCommandKind::reload, .snapshot = handed}));
    run(shard, [&shard] { return shard.reloads_done() == 1; });
  }
  void reload(std::string_view listeners, std::string_view admin) {
    reload(*shard_, listeners, admin);
  }

  // The addresses that are listened on, without their ports.
  std::string listening() const {
    std::string text;
    for (const std::string& each : shard_->listening_on())
      text += each.substr(0, each.find(':')) + " ";
    return text;
  }

  core::BodyBudget budget_;
  Fleet fleet_;
  std::unique_ptr<DataPlaneShard> shard_;
};

TEST_F(DataPlaneShardTest, LetsGoOfAListenerThatAReloadDropped) {
  reload(kOne, "127.0.0.3:0");
  run([this] { return listening() == "127.0.0.1 127.0.0.3 "; });
  EXPECT_EQ(listening(), "127.0.0.1 127.0.0.3 ");
}

TEST_F(DataPlaneShardTest, MovesTheAdminPagesWithAReload) {
  reload(kTwo, "127.0.0.4:0");
  run([this] { return listening() == "127.0.0.1 127.0.0.2 127.0.0.4 "; });
  EXPECT_EQ(listening(), "127.0.0.1 127.0.0.2 127.0.0.4 ");
}

// Else each would be given a port of its own, and whoever reads one of them from the log reaches
// one shard only.
TEST_F(DataPlaneShardTest, ShardsShareThePortThatTheKernelChose) {
  const std::unique_ptr<DataPlaneShard> second = make(1);
  ASSERT_TRUE(second->listen(shard_.get()).has_value());
  std::vector<std::string> first = shard_->listening_on();
  ASSERT_EQ(first.size(), 3U);
  first.pop_back();  // the admin pages stay with the first
  EXPECT_EQ(second->listening_on(), first);
  second->shard().start();
  // One that a reload brings is the first shard's, and that of the start stays.
  reload(*second, "  - address: 127.0.0.1:0\n  - address: 127.0.0.5:0\n", "127.0.0.3:0");
  first.pop_back();
  run(*second, [&] { return second->listening_on() == first; });
  EXPECT_EQ(second->listening_on(), first);
  (void)second->command({.kind = ShardCommandKind::close, .snapshot = nullptr});
  run(*second, [&] { return second->ended(); });
  EXPECT_TRUE(second->ended());
}

}  // namespace
}  // namespace headrace::net
