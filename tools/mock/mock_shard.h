// What one shard of the mock owns: its listeners, its connections, its log, its chance.
//
// Threads: as core/shard.h. log() alone is read from other threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/shard.h"
#include "core/slot_pool.h"
#include "net/http/request_head.h"
#include "net/tls/workspace.h"
#include "tools/mock/admin.h"
#include "tools/mock/connection.h"
#include "tools/mock/reply.h"
#include "tools/mock/served_log.h"

namespace headrace::tools::mock {

struct ListenOptions {
  core::SocketAddress address;
  bool tls = false;
};

struct MockShardOptions {
  std::uint32_t number = 0;
  std::uint32_t connections_max = 0;
  core::Duration idle_close{};  // zero: never
  std::shared_ptr<const net::tls::ServerContext> tls;
};

class MockShard final : public core::ShardHooks {
 public:
  MockShard(const MockShardOptions& options, ReplyWorld world, Admin& admin);
  MockShard(const MockShard&) = delete;
  MockShard& operator=(const MockShard&) = delete;
  virtual ~MockShard() = default;

  // Before run(). Returns the address that it listens on. The error is words for an operator.
  std::expected<core::SocketAddress, std::string> listen(core::Io& io, const ListenOptions& listen);
  // On the shard's own thread: serves until the shard is asked to stop, then ends every connection.
  void run(core::Shard& shard);

  // --- for connections ---
  [[nodiscard]] core::Shard& shard() { return *shard_; }
  [[nodiscard]] core::Io& io() { return *io_; }
  [[nodiscard]] core::Instant now() const { return io_->now(); }
  ReplyWorld& world() { return world_; }
  net::http::RequestHead& head_scratch() { return head_scratch_; }
  ServedLog& log() { return log_; }
  Admin& admin() { return admin_; }
  [[nodiscard]] const MockShardOptions& options() const { return options_; }
  // The settings in force.
  const std::shared_ptr<const Behaviour>& defaults();
  void recycle(Connection& connection);

 private:
  // Several listeners a shard: plain, TLS, admin, Unix.
  struct Listener {
    MockShard* owner = nullptr;
    core::Socket socket = core::Socket::none;
    bool tls = false;
    core::Op accept;
    core::Op cancel;
    core::Timer retry;
    void on_accepted(core::Completion& completion);
    void on_retry();
    void on_cancelled(core::Completion&) {}
  };

  void accepted(core::Socket socket, bool tls);

  const MockShardOptions options_;
  Admin& admin_;
  ReplyWorld world_;
  ServedLog log_;
  net::http::RequestHead head_scratch_;
  net::tls::Workspace tls_workspace_;
  core::SlotPool<Connection> connections_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::shared_ptr<const Behaviour> defaults_;
  std::uint64_t defaults_generation_ = 0;
  core::Shard* shard_ = nullptr;
  core::Io* io_ = nullptr;
};

}  // namespace headrace::tools::mock
