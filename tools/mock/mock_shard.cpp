#include "tools/mock/mock_shard.h"

#include <utility>

namespace headrace::tools::mock {
namespace {

constexpr int kBacklog = 4096;
// After running out of descriptors.
constexpr core::Duration kAcceptRetry = std::chrono::milliseconds(100);

}  // namespace

MockShard::MockShard(const MockShardOptions& options, ReplyWorld world, Admin& admin)
    : options_(options),
      admin_(admin),
      world_(std::move(world)),
      connections_("mock connections", options.connections_max) {
  admin.watch(log_);
}

std::expected<core::SocketAddress, std::string> MockShard::listen(core::Io& io,
                                                                  const ListenOptions& listen) {
  const auto socket = io.listen(listen.address, kBacklog);
  if (!socket) return std::unexpected(socket.error());
  auto listener = std::make_unique<Listener>();
  listener->owner = this;
  listener->socket = *socket;
  listener->tls = listen.tls;
  listener->accept.bind<&Listener::on_accepted>(listener.get());
  listener->cancel.bind<&Listener::on_cancelled>(listener.get());
  listener->retry.bind<&Listener::on_retry>(listener.get());
  listeners_.push_back(std::move(listener));
  return io.local_address(*socket);
}

void MockShard::run(core::Shard& shard) {
  shard_ = &shard;
  io_ = &shard.io();
  shard.start();
  for (const auto& listener : listeners_)
    io_->accept_multishot(listener->accept, listener->socket);
  while (!shard.stop_requested())
    shard.turn();

  for (const auto& listener : listeners_) {
    shard.timers().disarm(listener->retry);
    if (listener->accept.in_flight()) io_->cancel(listener->cancel, listener->accept);
  }
  connections_.for_each([](Connection& connection) { connection.abort(); });
  while (io_->operations_in_flight() > 0 || connections_.in_use() > 0)
    shard.turn();
  for (const auto& listener : listeners_)
    io_->close_now(listener->socket);
}

void MockShard::Listener::on_accepted(core::Completion& completion) {
  if (completion.result >= 0) {
    owner->accepted(static_cast<core::Socket>(completion.result), tls);
  }
  if (completion.more || owner->shard_->stop_requested()) return;
  owner->shard_->timers().arm(retry, owner->now() + kAcceptRetry);
}

void MockShard::Listener::on_retry() {
  if (!accept.in_flight()) owner->io_->accept_multishot(accept, socket);
}

void MockShard::accepted(core::Socket socket, bool tls) {
  Connection* connection = shard_->stop_requested() ? nullptr : connections_.make(*this);
  if (connection == nullptr) return io_->close_now(socket);
  connection->accept(socket,
                     {.context = tls ? options_.tls : nullptr, .workspace = &tls_workspace_});
}

const std::shared_ptr<const Behaviour>& MockShard::defaults() {
  if (const std::uint64_t generation = admin_.generation(); generation != defaults_generation_) {
    defaults_ = admin_.behaviour();
    defaults_generation_ = generation;
    world_.memo = AnswerMemo();  // it knows answers by the address of their settings
  }
  return defaults_;
}

void MockShard::recycle(Connection& connection) {
  connections_.destroy(connection);
}

}  // namespace headrace::tools::mock
