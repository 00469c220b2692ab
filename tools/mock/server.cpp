#include "tools/mock/server.h"

#include <utility>

#include "core/shard_thread.h"
#include "net/tls/certificate_store.h"
#include "tools/mock/chance.h"

namespace headrace::tools::mock {
namespace {

core::IoOptions io_options(const ServerOptions& options) {
  core::IoOptions io;
  // Enough small buffers for many connections to send at once; answers are never received in bulk.
  io.small_buffers = 1024;
  io.small_buffer_bytes = 8192;
  io.bulk_buffers = 1;
  io.bulk_buffer_bytes = 4096;
  io.spin = options.spin;
  return io;
}

std::expected<std::shared_ptr<const net::tls::ServerContext>, std::vector<std::string>> load_tls(
    const ServerOptions& options) {
  net::tls::CertificateStore store(
      {{.certificate_path = options.certificate_path, .key_path = options.key_path}}, {});
  return store.load();
}

}  // namespace

Server::Server(const ServerOptions& options)
    : plain_(options.seed, ProseKind::plain),
      tricky_(options.seed, ProseKind::tricky),
      admin_(options.behaviour) {}

std::expected<std::unique_ptr<Server>, std::vector<std::string>> Server::start(
    const ServerOptions& options) {
  std::unique_ptr<Server> server(new Server(options));
  if (auto errors = server->prepare(options); !errors.empty()) return std::unexpected(errors);
  server->run(options);
  return server;
}

std::vector<std::string> Server::prepare(const ServerOptions& options) {
  MockShardOptions shard_options;
  shard_options.connections_max = options.connections_max;
  shard_options.idle_close = options.idle_close;
  for (const ListenOptions& listen : options.listen) {
    if (!listen.tls || shard_options.tls != nullptr) continue;
    auto context = load_tls(options);
    if (!context) return context.error();
    shard_options.tls = *context;
  }
  for (std::uint32_t number = 0; number < options.shards; ++number) {
    auto io = core::Io::create(io_options(options));
    if (!io) return {io.error()};
    shard_options.number = number;
    ReplyWorld world;
    world.provider = {
        .seed = options.seed, .plain = &plain_, .tricky = &tricky_, .models = options.models};
    world.keys = options.keys;
    world.random = core::Random(mixed(options.seed + number));
    world.fixed_unix_seconds = options.fixed_unix_seconds;
    Worker worker;
    worker.mock = std::make_unique<MockShard>(shard_options, std::move(world), admin_);
    if (auto errors = listen(options, number, *worker.mock, **io); !errors.empty()) return errors;
    worker.shard = std::make_unique<core::Shard>(number, std::move(*io), nullptr, *worker.mock);
    workers_.push_back(std::move(worker));
  }
  return {};
}

// The first shard's listeners find free ports; the others share them. A Unix path and the admin
// address are the first shard's alone.
std::vector<std::string> Server::listen(const ServerOptions& options, std::uint32_t number,
                                        MockShard& mock, core::Io& io) {
  for (std::size_t i = 0; i < options.listen.size(); ++i) {
    ListenOptions wanted = options.listen[i];
    if (number > 0) {
      if (wanted.address.is_unix()) continue;
      wanted.address = addresses_[i];
    }
    const auto bound = mock.listen(io, wanted);
    if (!bound) return {bound.error()};
    if (number == 0) addresses_.push_back(*bound);
  }
  if (number > 0) return {};
  if (!options.admin) {
    admin_address_ = addresses_.front();
    return {};
  }
  const auto bound = mock.listen(io, {.address = *options.admin, .tls = false});
  if (!bound) return {bound.error()};
  admin_address_ = *bound;
  return {};
}

void Server::run(const ServerOptions& options) {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Worker& worker = workers_[i];
    std::optional<unsigned> processor;
    if (!options.processors.empty()) {
      processor = options.processors[i % options.processors.size()];
    }
    worker.thread = std::thread([&worker, i, processor] {
      core::name_thread("mock-" + std::to_string(i));
      // A processor that is not ours is no reason not to serve.
      if (processor) (void)core::pin_to_processor(*processor);
      worker.mock->run(*worker.shard);
    });
  }
}

Server::~Server() {
  for (Worker& worker : workers_)
    worker.shard->request_stop();
  for (Worker& worker : workers_) {
    if (worker.thread.joinable()) worker.thread.join();
    worker.shard.reset();  // before the hooks it calls
  }
}

}  // namespace headrace::tools::mock
