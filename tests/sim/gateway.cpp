#include "tests/sim/gateway.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/check.h"
#include "net/edge/downstream_connection.h"
#include "net/proxy/exchange.h"
#include "net/proxy/request_message.h"
#include "net/proxy/silent_call.h"
#include "net/proxy/target_hold.h"
#include "net/shard_config.h"
#include "net/upstream/upstream_connection.h"
#include "policy/config/compile.h"
#include "tests/policy/config/no_secrets.h"
#include "tests/sim/gateway_config.h"
#include "tests/sim/sim_io.h"

namespace headrace::sim {

namespace config = policy::config;

namespace {

constexpr std::size_t kNameRequestsMax = 64;
constexpr std::size_t kSignaturesPerStep = net::TlsWaiting::kSignaturesMax;
constexpr std::uint64_t kSlowSignatureMillisMax = 1'500;
constexpr std::uint64_t kStageDelayMicrosMax = 200'000;

std::shared_ptr<const net::ConfigSnapshot> load(const GatewayOptions& options) {
  config::NoSecrets secrets;
  const config::MasterKey key = config::MasterKey::parse(std::string(64, '5')).value();
  auto base = config::compile(config_of(options), "sim.yaml", secrets, key);
  if (!base) {
    for (const config::ConfigError& error : base.error())
      fmt::print(stderr, "{}\n", config::error_text(error));
  }
  HEADRACE_CHECK(base.has_value(), "the config is refused");
  auto snapshot = net::ConfigSnapshot::build(std::move(*base), key);
  HEADRACE_CHECK(snapshot.has_value(), "the config cannot be loaded");
  return *snapshot;
}

// Of the seed, where a process has one of its own: by it requests fall into places, and what is
// evicted for them.
policy::FingerprintSecret secret_of(core::Random& random) {
  policy::FingerprintSecret secret{.seed = random.next(), .key = {}};
  for (std::byte& byte : secret.key)
    byte = static_cast<std::byte>(random.below(256));
  return secret;
}

}  // namespace

Gateway::Gateway(World& world, const GatewayOptions& options)
    : world_(world),
      options_(options),
      snapshot_(load(options)),
      names_(name_work_, options.shards, kNameRequestsMax),
      signer_(signature_work_, options.shards, net::TlsWaiting::kSignaturesMax),
      limits_({.entries = 64, .blocks = 64, .shards = options.shards}),
      budget_(static_cast<std::size_t>(snapshot_->view().settings().http.bodies_memory_bytes_max)),
      journal_(world, options.tiny),
      audit_(world) {
  journal_.on_record = options.on_record;
  const bool few = options.tiny || options.few_buffers;
  core::IoOptions io_options;
  io_options.small_buffers = few ? 2 : 64;
  io_options.small_buffer_bytes = few ? 1024 : 4096;
  io_options.bulk_buffers = few ? 1 : 4;
  io_options.bulk_buffer_bytes = 32 * 1024;
  io_options.completions_per_turn_max = few ? 2 : 64;
  net::DataPlaneShard::Options shard_options;
  shard_options.shard.measure_turns = false;
  shard_options.small_buffers = io_options.small_buffers;
  shard_options.bulk_buffers = io_options.bulk_buffers;
  shard_options.small_buffer_bytes = io_options.small_buffer_bytes;
  shard_options.limits = (options.limits != nullptr ? *options.limits : limits_).memory();
  if (options.tiny) {
    shard_options.capacity = {.downstream_connections = 8,
                              .upstream_connections = 5,
                              .exchanges = 6,
                              .messages = 5,
                              .head_blocks = 6,
                              .tls_blocks = options.tls_blocks};
  } else {
    shard_options.capacity = {.downstream_connections = options.connections,
                              .upstream_connections = options.connections,
                              .exchanges = options.connections,
                              .messages = options.connections,
                              .head_blocks = options.connections,
                              .tls_blocks = options.tls_blocks};
  }
  // Rings of a few messages, so that they are full now and then.
  constexpr std::size_t kMessagesMax = 4;
  if (options.cache) {
    cache_ = std::make_unique<net::ProcessCache>(
        snapshot_->view().cache().settings().memory_bytes_max, options.shards);
    cache_->secret = secret_of(world.random());
    shard_options.cache = cache_.get();
    shard_options.cache_limits = {
        .sessions_max = 64, .seats_max = 24, .flights = {.flights_max = 6}};
  }
  if (!options.queue_limits.empty()) {
    queues_ = std::make_unique<net::ProcessQueues>(options.shards);
    shard_options.queues = queues_.get();
    shard_options.queue_limits = {.seats_max = 64, .desk = {.queues_max = 2, .flows_max = 4}};
  }
  if (cache_ != nullptr || queues_ != nullptr) {
    post_office_ = std::make_unique<core::PostOffice>(options.shards, kMessagesMax);
  }
  fleet_.target_slots = target_slots_;
  fleet_.key_slots = key_slots_;
  for (std::uint32_t number = 0; number < options.shards; ++number) {
    std::unique_ptr<core::Io> io = core::Io::create(io_options).value();
    SimIo& simulated = world_.newest_io();
    names_.attach(number, *io);
    signer_.attach(number, *io);
    core::Mailbox* mailbox = nullptr;
    if (post_office_ != nullptr) {
      post_office_->attach(number, *io);
      mailboxes_.push_back(std::make_unique<core::Mailbox>(*post_office_, number));
      mailbox = mailboxes_.back().get();
    }
    shards_.push_back(std::make_unique<net::DataPlaneShard>(
        number, std::move(io), mailbox, snapshot_, budget_, &names_, &fleet_, shard_options));
    net::DataPlaneShard& shard = *shards_.back();
    journal_.attach(shard, *shard.context().io);
    if (options.audited) audit_.attach(shard);
    shard.context().stage_delays = this;
    shard.attach(signer_);
    const auto listening = shard.listen();
    HEADRACE_CHECK(listening.has_value(), "the gateway does not listen");
    shard.shard().start();
    world_.add_shard(simulated, [&shard] { shard.shard().turn(); });
  }
}

Gateway::~Gateway() = default;

core::Duration Gateway::delay(policy::Stage stage) {
  if (!world_.strikes(Fault::stage_waits)) return core::Duration::zero();
  ++stage_waits_[static_cast<std::size_t>(std::to_underlying(stage))];
  return std::chrono::microseconds(1 + world_.random().below(kStageDelayMicrosMax));
}

void Gateway::drain() {
  for (const auto& shard : shards_)
    (void)shard->command({.kind = net::ShardCommandKind::drain, .snapshot = nullptr});
}

void Gateway::close() {
  for (const auto& shard : shards_)
    (void)shard->command({.kind = net::ShardCommandKind::close, .snapshot = nullptr});
}

void Gateway::reload() {
  if (options_.tls != nullptr) snapshot_ = load(options_);
  ++reloads_;
  for (const auto& shard : shards_) {
    auto* handed = new std::shared_ptr<const net::ConfigSnapshot>(snapshot_);
    HEADRACE_CHECK(shard->command({.kind = net::ShardCommandKind::reload, .snapshot = handed}),
                   "there is room for a few commands");
  }
}

bool Gateway::reloaded() const {
  return std::ranges::all_of(shards_,
                             [this](const auto& each) { return each->reloads_done() == reloads_; });
}

bool Gateway::ended() const {
  for (const auto& shard : shards_) {
    if (!shard->ended()) return false;
  }
  return true;
}

std::uint64_t Gateway::count(net::ShardCount which) const {
  std::uint64_t sum = 0;
  for (const auto& shard : shards_)
    sum += shard->context().counters.counts.value(which);
  return sum;
}

Standing Gateway::standing() const {
  Standing now;
  for (const auto& shard : shards_) {
    net::ShardContext& context = shard->context();
    now.queued += static_cast<std::uint64_t>(context.counters.gauges.requests_queued.value());
    now.hedged += context.silent_calls.in_use();
  }
  return now;
}

bool Gateway::signer_is_full() const {
  return std::ranges::any_of(shards_, [](const auto& shard) {
    return shard->context().tls_waiting.any_waits_for_signer();
  });
}

net::ExchangeMoves Gateway::moves() const {
  net::ExchangeMoves sum{};
  for (const auto& shard : shards_) {
    for (std::size_t from = 0; from < net::kExchangeStates; ++from) {
      for (std::size_t to = 0; to < net::kExchangeStates; ++to)
        sum[from][to] += shard->context().exchange_moves[from][to];
    }
  }
  return sum;
}

void Gateway::attend() {
  if (!names_.idle()) names_.step(kNameRequestsMax);
  journal_.attend();
  audit_.take();
  if (options_.tls != nullptr) attend_signatures();
}

void Gateway::attend_signatures() {
  for (const auto& shard : shards_) {
    const net::TlsWaiting& waiting = shard->context().tls_waiting;
    if (waiting.any_waits_for_block()) options_.tls->count(TlsEvent::block_awaited);
  }
  if (signing_ || signer_.idle()) return;
  signing_ = true;
  options_.tls->count(TlsEvent::signature_awaited);
  const core::Duration delay =
      world_.strikes(Fault::signature_slow)
          ? std::chrono::milliseconds(world_.random().below(kSlowSignatureMillisMax))
          : world_.some_delay();
  world_.after(delay, [this] {
    signing_ = false;
    signer_.step(kSignaturesPerStep);
  });
}

}  // namespace headrace::sim
