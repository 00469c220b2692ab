// A whole shard on real sockets, turned by hand: what a reload leaves behind.
#include "net/data_plane_shard.h"

#include <memory>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "net/edge/downstream_connection.h"
#include "net/fleet.h"
#include "net/proxy/exchange.h"
#include "net/proxy/request_message.h"
#include "policy/config/compile.h"

namespace headrace::net {
namespace {

namespace config = policy::config;

class NoSecrets final : public config::SecretSource {
 public:
  std::optional<std::string> variable(std::string_view) override { return std::nullopt; }
  std::expected<std::string, std::string> file(std::string_view) override {
    return std::unexpected("there are no files");
  }
};

std::shared_ptr<const ConfigSnapshot> snapshot(std::string_view listeners, std::string_view admin) {
  NoSecrets secrets;
  const config::MasterKey key = config::MasterKey::parse(std::string(64, '5')).value();
  const std::string text = fmt::format(
      "listeners:\n{}admin:\n  address: {}\naccess_log:\n  output: \"off\"\n", listeners, admin);
  auto base = config::compile(text, "shard.yaml", secrets, key);
  if (!base) {
    for (const config::ConfigError& error : base.error())
      ADD_FAILURE() << config::error_text(error);
  }
  return ConfigSnapshot::build(std::move(base.value()), key).value();
}

// Different addresses of the loopback, so that listeners differ without a fixed port.
constexpr std::string_view kTwo = "  - address: 127.0.0.1:0\n  - address: 127.0.0.2:0\n";
constexpr std::string_view kOne = "  - address: 127.0.0.1:0\n";

class DataPlaneShardTest : public testing::Test {
 protected:
  DataPlaneShardTest() : budget_(std::size_t{64} * 1024 * 1024) {
    DataPlaneShard::Options options;
    options.small_buffers = 64;
    options.small_buffer_bytes = 4096;
    core::IoOptions io;
    io.small_buffers = 64;
    shard_ = std::make_unique<DataPlaneShard>(0, core::Io::create(io).value(), nullptr,
                                              snapshot(kTwo, "127.0.0.3:0"), budget_, nullptr,
                                              &fleet_, options);
    EXPECT_TRUE(shard_->listen().has_value());
    shard_->shard().start();
  }

  ~DataPlaneShardTest() override {
    (void)shard_->command({.kind = ShardCommandKind::close, .snapshot = nullptr});
    run([this] { return shard_->ended(); });
    EXPECT_TRUE(shard_->ended());
  }

  template <class Done>
  void run(const Done& done) {
    for (int turn = 0; turn < 200 && !done(); ++turn) {
      shard_->shard().turn(shard_->context().now() + std::chrono::milliseconds(10));
    }
  }

  void reload(std::string_view listeners, std::string_view admin) {
    auto* handed = new std::shared_ptr<const ConfigSnapshot>(snapshot(listeners, admin));
    ASSERT_TRUE(shard_->command({.kind = ShardCommandKind::reload, .snapshot = handed}));
    run([this] { return shard_->reloads_done() == 1; });
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

}  // namespace
}  // namespace headrace::net
