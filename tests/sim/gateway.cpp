#include "tests/sim/gateway.h"

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
#include "policy/quota/limit_chain.h"
#include "policy/resilience/breaker_word.h"
#include "tests/policy/config/no_secrets.h"
#include "tests/sim/ledger.h"
#include "tests/sim/sim_io.h"
#include "tests/sim/tunnel_actor.h"

namespace headrace::sim {

namespace config = policy::config;

namespace {

constexpr std::uint16_t kProviderPort = 8000;
constexpr std::size_t kNameRequestsMax = 64;
constexpr std::uint64_t kStageDelayMicrosMax = 200'000;
constexpr std::string_view kNames[] = {"openai", "anthropic", "gemini", "spare"};
constexpr std::string_view kDialects[] = {"openai", "anthropic", "gemini", "openai"};

constexpr std::string_view kRetry =
    "retry: {tries: 4, base_ms: 20, max_ms: 100, hint_max_ms: 2000, budget_percent: 100, "
    "budget_burst: 1000}";

constexpr std::string_view kBehindProxy =
    "    proxy_protocol: optional\n"
    "    trusted_proxies: [192.0.2.0/24]\n"
    "    x_forwarded: true\n";

std::string egress_text() {
  return fmt::format("    egress_proxy: http://{}\n    egress_proxy_credential: {}\n",
                     Gateway::tunnel_address().text(), kTunnelCredential);
}
constexpr std::string_view kHedge = "hedge: {after_ms: 40}\n    lost_attempts: charged";

std::string keys_text(const GatewayOptions& options, std::size_t provider) {
  if (!options.resilience || kNames[provider] != "anthropic") {
    return fmt::format("credential: {}", kProviderKey);
  }
  return fmt::format(
      "keys: [{{name: one, credential: {0}}}, {{name: two, credential: {0}-two, weight: 2}}]",
      kProviderKey);
}

std::string config_text(const GatewayOptions& options) {
  const bool tiny = options.tiny;
  std::string yaml =
      fmt::format(R"(
listeners:
  - address: {}
    connections_max: {}
{}http:
  body_bytes_max: {}
  bodies_memory_bytes_max: {}
  head_timeout_ms: 3000
  keep_alive_timeout_ms: 5000
  rate_grace_ms: 3000
access_log:
  output: "off"
journal:
  directory: /simulated
billing:
  strict: {}
  on_disconnect: {}
providers:
)",
                  Gateway::address().text(), tiny ? 6 : 1000, options.proxied ? kBehindProxy : "",
                  kBodyBytesMax, tiny ? 1536 * 1024 : 64 * 1024 * 1024, options.strict,
                  options.drain ? "drain" : "cancel");
  for (std::size_t i = 0; i < Gateway::kProviders; ++i) {
    yaml += fmt::format(
        R"(
  - name: {0}
    dialect: {7}
    url: http://{1}:{6}{2}
    {3}
    {8}
{9}    private_network: true
    pool_idle_max: {4}
    pool_total_max: {5}
    pool_idle_timeout_ms: 2000
    pool_lifetime_ms: 20000
    connect_timeout_ms: 500
    first_byte_timeout_ms: 3000
    gap_timeout_ms: 2000
    total_timeout_ms: 8000
)",
        kNames[i], options.names ? Gateway::provider_name(i) : fmt::format("10.0.0.{}", i + 1),
        kDialects[i] == "openai" ? "/v1" : "", keys_text(options, i), tiny ? 1 : 8, tiny ? 2 : 64,
        kProviderPort, kDialects[i],
        options.resilience ? "breaker: {failures: 4, window_ms: 2000, open_ms: 300, successes: 1}"
                           : "breaker: {failures: 0}",
        options.egress ? egress_text() : "");
  }
  yaml += fmt::format(R"(
routes:
  - models: [gpt-sim]
    targets: [{{provider: openai}}{1}]
    balance: least_outstanding
    {0}
    {4}
    {5}
  - models: [alias-sim]
    targets: [{{provider: openai, model: gpt-real}}{2}]
    {0}
    {5}
  - models: [claude-sim]
    targets: [{{provider: anthropic}}]
    {0}
  - models: [gemini-sim]
    targets: [{{provider: gemini}}]
    {0}
tenants:
  - name: tenant
    limits:
      - {{measure: concurrent, value: 1000000}}
      - {{measure: requests, per: total, value: 1000000}}
      - {{measure: requests, per: minute, value: 1000000}}
      - {{measure: requests, per: day, value: 1000000}}
      - {{measure: tokens, per: total, value: 1000000000000, action: soft}}
      - {{measure: micro_usd, per: total, value: 1000000000000, action: soft}}
keys:
  - name: client
    key: {3}
    tenant: tenant
    passthrough: true
prices:
  - {{provider: openai, models: ["*"], input_micro_usd: 3000000, output_micro_usd: 7000000}}
  - {{provider: spare, models: ["*"], input_micro_usd: 4000000, output_micro_usd: 6000000}}
  - {{provider: anthropic, models: ["*"], input_micro_usd: 5000000, output_micro_usd: 11000000}}
  - {{provider: gemini, models: ["*"], input_micro_usd: 2000000, output_micro_usd: 1000000}}
passthrough:
  - path: /v1/audio/speech
    provider: openai
    request_micro_usd: 1000
  - path: /v1/audio/voices
    provider: openai
    methods: [GET, HEAD, DELETE]
)",
                      options.resilience ? kRetry : "retry: {tries: 1}",
                      options.resilience ? ", {provider: spare}" : "",
                      options.resilience ? ", {provider: spare, model: gpt-real, priority: 1}" : "",
                      kClientKey, options.resilience ? "comment_interval_ms: 150" : "",
                      options.resilience && options.hedges ? kHedge : "");
  return yaml;
}

// One more route, whose answers are kept, and one more tenant that asks there.
std::string with_cache(std::string yaml, const GatewayOptions& options) {
  const auto insert = [&yaml](std::string_view section, std::string_view more) {
    yaml.insert(yaml.find(section) + section.size(), more);
  };
  insert("\nroutes:", fmt::format(R"(
  - models: [kept-sim]
    targets: [{{provider: openai}}{}]
    cache: {{mode: always, deterministic_only: false, ttl_ms: 4000, entry_bytes_max: 24KiB,
            wait_ms: 1500, waiters_max: 4}}
    retry: {{tries: {}, budget_burst: 1000}}
    {})",
                                  options.hedges ? ", {provider: spare}" : "",
                                  options.hedges ? 2 : 1, options.hedges ? kHedge : ""));
  insert("\ntenants:", "\n  - name: other");
  insert("\nkeys:", fmt::format("\n  - {{name: other, key: {}, tenant: other}}", kOtherClientKey));
  return yaml + "cache: {memory_bytes_max: 1MiB}\n";
}

// Nobody waits in vain on it, unless somebody is forgotten.
std::string with_queue(std::string yaml, std::string_view limits) {
  const auto insert = [&yaml](std::string_view section, std::string_view more) {
    yaml.insert(yaml.find(section) + section.size(), more);
  };
  insert("\nroutes:", fmt::format(R"(
  - name: queued
    models: [queued-sim]
    targets: [{{provider: openai}}]
    limits: {}
    queue: {{waiting_max: 64, wait_max_ms: 60000}}
    retry: {{tries: 1}})",
                                  limits));
  insert("\ntenants:", "\n  - {name: heavy, weight: 3}\n  - {name: light, weight: 1}");
  insert("\nkeys:", fmt::format("\n  - {{name: heavy, key: {}, tenant: heavy}}"
                                "\n  - {{name: light, key: {}, tenant: light}}",
                                kHeavyKey, kLightKey));
  return yaml;
}

std::string config_of(const GatewayOptions& options) {
  if (options.cache) return with_cache(config_text(options), options);
  if (!options.queue_limits.empty()) return with_queue(config_text(options), options.queue_limits);
  return config_text(options);
}

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

}  // namespace

core::SocketAddress Gateway::address() {
  return core::SocketAddress::parse("127.0.0.1:8080").value();
}

core::SocketAddress Gateway::provider_address(std::size_t index) {
  return core::SocketAddress::from_ip(fmt::format("10.0.0.{}", index + 1), kProviderPort).value();
}

core::SocketAddress Gateway::tunnel_address() {
  return core::SocketAddress::from_ip("10.0.0.9", 3128).value();
}

std::vector<std::string> Gateway::tunnel_targets() {
  std::vector<std::string> targets;
  for (std::size_t i = 0; i < kProviders; ++i) {
    targets.push_back(provider_address(i).text());
    targets.push_back(fmt::format("{}:{}", provider_name(i), kProviderPort));
  }
  return targets;
}

std::string Gateway::provider_name(std::size_t index) {
  return fmt::format("provider{}", index);
}

Gateway::Gateway(World& world, const GatewayOptions& options)
    : world_(world),
      snapshot_(load(options)),
      names_(name_work_, options.shards, kNameRequestsMax),
      limits_({.entries = 64, .blocks = 64, .shards = options.shards}),
      budget_(static_cast<std::size_t>(snapshot_->view().settings().http.bodies_memory_bytes_max)),
      journal_(world, options.tiny) {
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
  shard_options.limits = limits_.memory();
  if (options.tiny) {
    shard_options.capacity = {.downstream_connections = 8,
                              .upstream_connections = 5,
                              .exchanges = 6,
                              .messages = 5,
                              .head_blocks = 6,
                              .tls_blocks = 2};
  } else {
    shard_options.capacity = {.downstream_connections = 256,
                              .upstream_connections = 256,
                              .exchanges = 256,
                              .messages = 256,
                              .head_blocks = 256,
                              .tls_blocks = 2};
  }
  // Rings of a few messages, so that they are full now and then.
  constexpr std::size_t kMessagesMax = 4;
  if (options.cache) {
    cache_ = std::make_unique<net::ProcessCache>(
        snapshot_->view().cache().settings().memory_bytes_max, options.shards);
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
    shard.context().stage_delays = this;
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
  for (const auto& shard : shards_) {
    auto* handed = new std::shared_ptr<const net::ConfigSnapshot>(snapshot_);
    if (!shard->command({.kind = net::ShardCommandKind::reload, .snapshot = handed})) delete handed;
  }
}

bool Gateway::ended() const {
  for (const auto& shard : shards_) {
    if (!shard->ended()) return false;
  }
  return true;
}

std::vector<std::string> Gateway::leaks() {
  std::vector<std::string> found = journal_.complaints();
  // Where the second call answered the first one is told of, as what it came to.
  if (journal_.beaten() < count(net::ShardCount::hedges_won)) {
    found.push_back(fmt::format("{} calls were beaten, the records tell of {}",
                                count(net::ShardCount::hedges_won), journal_.beaten()));
  }
  const auto expect = [&](std::string_view what, std::uint64_t left, std::uint64_t expected = 0) {
    if (left != expected) found.push_back(fmt::format("{} left: {}", what, left - expected));
  };
  std::int64_t blocks = 0;
  std::int64_t entries = 0;
  for (const auto& shard : shards_) {
    net::ShardContext& context = shard->context();
    expect("client connections", context.downstreams.in_use());
    expect("provider connections", context.upstreams.in_use());
    expect("exchanges", context.exchanges.in_use());
    expect("requests held", context.messages.in_use());
    expect("calls beside another", context.silent_calls.in_use());
    expect("requests under way at targets", context.config->targets().outstanding());
    expect("head blocks", context.head_blocks.in_use());
    expect("TLS blocks", context.tls_blocks.in_use());
    expect("bodies", context.bodies.in_use());
    expect("small buffers", context.io->buffers_leased(core::BufferGroup::small));
    expect("bulk buffers", context.io->buffers_leased(core::BufferGroup::bulk));
    expect("operations", context.io->operations_in_flight());
    expect("timers", context.timers->armed(), 1);  // its second
    expect("starved transports", context.starved.empty() ? 0U : 1U);
    expect("queued exchanges", context.run_queue.empty() ? 0U : 1U);
    if (const net::ShardCache* cache = shard->cache(); cache != nullptr) {
      expect("seats in flights", cache->seats());
      expect("flights", cache->flights());
      blocks += cache->statistics().blocks.value();
      entries += cache->statistics().entries.value();
    }
    if (const net::ShardQueue* queue = shard->queue(); queue != nullptr) {
      expect("seats in queues", queue->seats());
      expect("requests at a desk", queue->waiting_at_desk());
    }
    expect("limits of targets held", context.target_holds.in_use());
    for (const auto& [name, gauge] :
         {std::pair{"connections by gauge", &context.counters.gauges.downstream_connections},
          std::pair{"provider connections by gauge", &context.counters.gauges.upstream_connections},
          std::pair{"requests by gauge", &context.counters.gauges.requests_in_flight},
          std::pair{"streams by gauge", &context.counters.gauges.streams_open},
          std::pair{"queued requests by gauge", &context.counters.gauges.requests_queued}}) {
      expect(name, static_cast<std::uint64_t>(gauge->value()));
    }
  }
  for (std::size_t i = 0; queues_ != nullptr && i < queues_->slots.size(); ++i) {
    expect("waiting requests that shards know of", queues_->slots[i].waiting.load());
    expect("words of returned credit", queues_->slots[i].told.load() ? 1 : 0);
  }
  for (const core::TargetSlot& slot : target_slots_) {
    const auto word = policy::BreakerWord::unpacked(slot.word.load());
    HEADRACE_CHECK(word.has_value(), "a breaker's word is corrupt");
    expect("probes of a breaker", word->probes);
  }
  if (cache_ != nullptr) {
    expect("the cache's blocks", cache_->store.memory().blocks_taken(),
           static_cast<std::uint64_t>(blocks));
    expect("the cache's entries", cache_->store.memory().entries_taken(),
           static_cast<std::uint64_t>(entries));
  }
  expect("descriptors", world_.descriptors_open());
  expect("requests without exactly one record",
         count(net::ShardCount::responses_2xx) + count(net::ShardCount::responses_4xx) +
             count(net::ShardCount::responses_5xx),
         count(net::ShardCount::requests));
  for (const std::string& wrong : limits_amiss())
    found.push_back(wrong);
  return found;
}

// What was taken of limits and not given back, or counted otherwise than it was charged.
std::vector<std::string> Gateway::limits_amiss() const {
  std::vector<std::string> found;
  net::ShardContext& context = shards_.front()->context();
  const config::ConfigView& view = snapshot_->view();
  policy::CalendarWindows windows;
  const auto expect = [&](std::string_view what, std::int64_t used, std::uint64_t expected) {
    if (std::cmp_not_equal(used, expected)) {
      found.push_back(fmt::format("{}: {} by the limit, {} charged", what, used, expected));
    }
  };
  for (const auto stage : {policy::QuotaStage::admit, policy::QuotaStage::reserve}) {
    policy::LimitChain chain;
    policy::chain_limits({.config = &view,
                          .windows = &windows,
                          .stage = stage,
                          .model = {},
                          .now = context.limit_time()},
                         view.scopes().caller(view.keys()[0]), chain);
    for (const config::Route& route : view.routes())
      policy::chain_limits({.config = &view,
                            .windows = &windows,
                            .stage = stage,
                            .model = {},
                            .now = context.limit_time()},
                           route, chain);
    for (const policy::ChainedLimit& limit : chain.limits()) {
      const auto reading = context.limits->read(limit.terms, context.limit_time());
      const std::int64_t used = reading.limit - reading.remaining + reading.debt;
      if (reading.closed) found.push_back("a limit is closed");
      if (limit.rule->measure == config::LimitMeasure::concurrent) {
        expect("requests at one time", used, 0);
      } else if (limit.rule->measure == config::LimitMeasure::tokens) {
        expect("tokens", used, count(net::ShardCount::tokens_charged));
      } else if (limit.rule->measure == config::LimitMeasure::micro_usd) {
        expect("micro-USD", used, count(net::ShardCount::micro_usd_charged));
      } else if (std::cmp_greater(used, count(net::ShardCount::requests))) {
        found.push_back("more requests than there were");
      }
    }
    expect("limits held", context.quota_holds.in_use(), 0);
  }
  return found;
}

std::uint64_t Gateway::count(net::ShardCount which) const {
  std::uint64_t sum = 0;
  for (const auto& shard : shards_)
    sum += shard->context().counters.counts.value(which);
  return sum;
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

std::string Gateway::state() const {
  std::string text;
  for (const auto& shard : shards_) {
    net::ShardContext& context = shard->context();
    text += fmt::format(
        "shard {}: {} client, {} provider connections, {} messages, {} small, {} bulk buffers, {} "
        "operations;",
        context.number, context.downstreams.in_use(), context.upstreams.in_use(),
        context.messages.in_use(), context.io->buffers_leased(core::BufferGroup::small),
        context.io->buffers_leased(core::BufferGroup::bulk), context.io->operations_in_flight());
    context.exchanges.for_each([&](net::Exchange& exchange) {
      text +=
          fmt::format(" {}", net::kExchangeStateNames[static_cast<std::size_t>(exchange.state())]);
    });
    text += "\n";
  }
  return text;
}

void Gateway::attend() {
  if (!names_.idle()) names_.step(kNameRequestsMax);
  journal_.attend();
}

std::string Gateway::sleeps_on_work() const {
  for (const auto& shard : shards_) {
    net::ShardContext& context = shard->context();
    if (!context.run_queue.empty()) return "a body waits to be judged";
    if (!context.returning_pools.empty()) return "connections wait to be given out";
    for (const core::BufferGroup group : {core::BufferGroup::small, core::BufferGroup::bulk}) {
      if (context.starved.any_waits_for(group) && context.io->buffers_leased(group) == 0) {
        return "a receive waits for buffers, and all are free";
      }
    }
  }
  return {};
}

}  // namespace headrace::sim
