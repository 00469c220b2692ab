// The whole mock: shards on threads of their own, their listeners, the log and the settings they
// share. Started once, stopped once.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/shard.h"
#include "tools/mock/mock_shard.h"

namespace headrace::tools::mock {

struct ServerOptions {
  std::vector<ListenOptions> listen;  // a port of 0 becomes a free one, the same for all shards
  std::optional<core::SocketAddress> admin;
  std::string certificate_path;  // for listeners with TLS
  std::string key_path;
  std::uint32_t shards = 1;
  std::vector<unsigned> processors;  // of each shard; none: not pinned
  std::uint32_t connections_max = 16'384;
  core::Duration idle_close{};
  core::Duration spin{};
  std::uint64_t seed = 1;
  std::vector<std::string> models;
  std::vector<std::string> keys;
  std::int64_t fixed_unix_seconds = 0;
  Behaviour behaviour;
};

class Server {
 public:
  // Listens and serves when it returns. The errors are words for an operator.
  static std::expected<std::unique_ptr<Server>, std::vector<std::string>> start(
      const ServerOptions& options);
  // Ends every connection.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // In the order of ServerOptions::listen.
  [[nodiscard]] const std::vector<core::SocketAddress>& addresses() const { return addresses_; }
  [[nodiscard]] const core::SocketAddress& admin_address() const { return admin_address_; }

 private:
  struct Worker {
    std::unique_ptr<MockShard> mock;
    std::unique_ptr<core::Shard> shard;
    std::thread thread;
  };

  explicit Server(const ServerOptions& options);
  std::vector<std::string> prepare(const ServerOptions& options);
  std::vector<std::string> listen(const ServerOptions& options, std::uint32_t number,
                                  MockShard& mock, core::Io& io);
  void run(const ServerOptions& options);

  Prose plain_;
  Prose tricky_;
  Admin admin_;
  std::vector<core::SocketAddress> addresses_;
  core::SocketAddress admin_address_;
  std::vector<Worker> workers_;
};

}  // namespace headrace::tools::mock
