#include "tests/sim/scenario.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "tests/sim/client_actor.h"
#include "tests/sim/gateway.h"
#include "tests/sim/ledger.h"
#include "tests/sim/tunnel_actor.h"
#include "tests/sim/upstream_actor.h"
#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

using std::chrono::seconds;

// Who makes trouble. Where the kernel alone does, nobody may notice; where the providers do, every
// client is answered all the same, or sees that its answer was cut; where there is no room, some
// are turned away, and the others served well; where some dawdle, nobody waits for them.
enum class Sky : std::uint8_t { calm, rough_kernel, dawdlers, no_room, bad_providers, storm };
constexpr std::string_view kSkyNames[] = {"calm",    "rough kernel",  "dawdlers",
                                          "no room", "bad providers", "storm"};

struct Weather {
  Sky sky = Sky::calm;
  FaultOdds odds{};
  GatewayOptions gateway;
  std::uint32_t clients = 1;

  [[nodiscard]] bool good_clients() const { return sky != Sky::storm; }
  [[nodiscard]] bool good_providers() const {
    return sky != Sky::bad_providers && sky != Sky::storm;
  }
};

constexpr Fault kKernelFaults[] = {
    Fault::short_read,     Fault::split_write,       Fault::slow_send,    Fault::late_completion,
    Fault::multishot_ends, Fault::buffers_exhausted, Fault::accept_fails, Fault::cancel_loses,
    Fault::cancel_misses,  Fault::stage_waits,       Fault::clock_steps};
constexpr Fault kProviderFaults[] = {
    Fault::split_write,      Fault::connect_refused,  Fault::connect_hangs,
    Fault::upstream_breaks,  Fault::upstream_stalls,  Fault::upstream_closes_idle,
    Fault::upstream_garbage, Fault::upstream_refuses, Fault::name_fails,
    Fault::name_slow,        Fault::name_partly_dead, Fault::tunnel_refused,
    Fault::tunnel_hangs,     Fault::upstream_thinks};

void set(FaultOdds& odds, Fault fault, std::uint64_t one_in) {
  odds[static_cast<std::size_t>(std::to_underlying(fault))] = static_cast<std::uint32_t>(one_in);
}

Weather weather_of(std::uint64_t seed) {
  core::Random random(seed ^ 0x5eed);
  Weather weather;
  constexpr Sky kSkies[] = {Sky::calm,    Sky::rough_kernel,  Sky::rough_kernel,  Sky::dawdlers,
                            Sky::no_room, Sky::bad_providers, Sky::bad_providers, Sky::storm,
                            Sky::storm,   Sky::storm,         Sky::storm};
  weather.sky = kSkies[random.below(std::size(kSkies))];
  weather.gateway.shards = static_cast<std::uint32_t>(1 + random.below(3));
  weather.gateway.tiny =
      weather.sky == Sky::no_room || (weather.sky == Sky::storm && random.one_in(4));
  weather.gateway.few_buffers = weather.sky == Sky::dawdlers;
  if (random.one_in(3)) weather.gateway.few_buffers |= weather.sky == Sky::rough_kernel;
  weather.gateway.names = random.one_in(2);
  weather.gateway.resilience = !weather.good_providers() && random.one_in(2);
  weather.gateway.hedges = weather.gateway.resilience && !random.one_in(3);
  weather.gateway.strict = random.one_in(4);
  weather.gateway.drain = random.one_in(3);
  weather.clients = static_cast<std::uint32_t>(4 + random.below(28));
  // From a breeze to a storm.
  const std::uint64_t scale = std::array<std::uint64_t, 4>{1, 2, 5, 20}[random.below(4)];
  FaultOdds odds{};
  set(odds, Fault::short_read, 4 * scale);
  set(odds, Fault::split_write, 3 * scale);
  set(odds, Fault::slow_send, 6 * scale);
  set(odds, Fault::peer_resets, 25 * scale);
  set(odds, Fault::peer_leaves, 25 * scale);
  set(odds, Fault::slow_peer, 20 * scale);
  set(odds, Fault::late_completion, 4 * scale);
  set(odds, Fault::multishot_ends, 10 * scale);
  set(odds, Fault::buffers_exhausted, 20 * scale);
  set(odds, Fault::accept_fails, 20 * scale);
  set(odds, Fault::socket_fails, 40 * scale);
  set(odds, Fault::connect_refused, 30 * scale);
  set(odds, Fault::connect_hangs, 40 * scale);
  set(odds, Fault::cancel_loses, 4 * scale);
  set(odds, Fault::cancel_misses, 4 * scale);
  set(odds, Fault::upstream_breaks, 20 * scale);
  set(odds, Fault::upstream_stalls, 60 * scale);
  set(odds, Fault::upstream_thinks, 10 * scale);
  set(odds, Fault::upstream_closes_idle, 12 * scale);
  set(odds, Fault::upstream_garbage, 40 * scale);
  set(odds, Fault::upstream_refuses, 3 * scale);
  set(odds, Fault::name_fails, 3 * scale);
  set(odds, Fault::name_slow, 3 * scale);
  set(odds, Fault::name_partly_dead, 4 * scale);
  set(odds, Fault::tunnel_refused, 6 * scale);
  set(odds, Fault::tunnel_hangs, 10 * scale);
  set(odds, Fault::stage_waits, 10 * scale);
  set(odds, Fault::clock_steps, 3);
  const auto let = [&](std::span<const Fault> faults) {
    for (const Fault fault : faults) {
      const auto index = static_cast<std::size_t>(std::to_underlying(fault));
      weather.odds[index] = odds[index];
    }
  };
  if (weather.sky == Sky::rough_kernel) let(kKernelFaults);
  if (weather.sky == Sky::bad_providers) let(kProviderFaults);
  if (weather.sky == Sky::storm) weather.odds = odds;
  weather.gateway.proxied = random.one_in(4);
  weather.gateway.egress = random.one_in(4);
  return weather;
}

class Run {
 public:
  Run(std::uint64_t seed, std::uint32_t requests)
      : weather_(weather_of(seed)),
        world_(seed, weather_.odds),
        ledger_(world_.random(), weather_.gateway.resilience),
        requests_(requests),
        gateway_(world_, weather_.gateway) {
    const auto provide = [this](std::shared_ptr<Peer> peer) {
      upstreams_.push_back(
          std::make_unique<UpstreamActor>(ledger_, std::move(peer), weather_.good_providers(),
                                          weather_.gateway.resilience, weather_.gateway.hedges));
    };
    for (std::size_t i = 0; i < Gateway::kProviders; ++i) {
      if (!weather_.gateway.egress) world_.serve(Gateway::provider_address(i), provide);
    }
    world_.serve(Gateway::tunnel_address(), [this, provide](std::shared_ptr<Peer> peer) {
      tunnels_.push_back(std::make_unique<TunnelActor>(std::move(peer), tunnel_targets_, provide));
    });
    world_.watch_rest([this] {
      gateway_.attend();
      if (const std::string sleeper = gateway_.sleeps_on_work(); !sleeper.empty()) {
        world_.violation("a shard sleeps on work: " + sleeper);
      }
    });
  }

  RunResult play() {
    const auto sky = static_cast<std::size_t>(std::to_underlying(weather_.sky));
    serve_clients();
    if (world_.violations().empty()) serve_after_the_storm();
    if (world_.violations().empty()) drain();
    if (world_.violations().empty()) expect_outcomes();
    RunResult result;
    for (const std::string& violation : world_.violations())
      result.violations.push_back(fmt::format("{}: {}", kSkyNames[sky], violation));
    if (result.violations.empty()) result.violations = gateway_.leaks();
    count(result.coverage);
    return result;
  }

 private:
  void serve_clients() {
    std::uint32_t left = requests_;
    for (std::uint32_t i = 0; i < weather_.clients; ++i) {
      const std::uint32_t share = left / (weather_.clients - i);
      left -= share;
      const bool dawdles = weather_.sky == Sky::dawdlers && i % 2 == 0;
      if (share > 0) {
        add_client({.requests = share,
                    .well_behaved = weather_.good_clients() && !dawdles,
                    .spared = weather_.good_providers(),
                    .refused_by_providers = weather_.gateway.resilience,
                    .cramped = weather_.gateway.tiny,
                    .dawdles = dawdles,
                    .proxied = weather_.gateway.proxied});
      }
    }
    if (weather_.sky != Sky::calm && world_.random().one_in(2)) {
      world_.after(std::chrono::milliseconds(world_.random().below(500)),
                   [this] { gateway_.reload(); });
    }
    step_clock_now_and_then();
    wait_for_clients("clients still wait");
  }

  // Nobody may notice: what is limited, timed or awaited goes by the monotonic clock.
  void step_clock_now_and_then() {
    const bool over = std::ranges::all_of(clients_, [](const auto& each) { return each->done(); });
    if (over) return;
    if (world_.strikes(Fault::clock_steps)) {
      constexpr core::Duration kSteps[] = {seconds(1), std::chrono::hours(1),
                                           std::chrono::hours(24 * 3652)};
      const core::Duration step = kSteps[world_.random().below(std::size(kSteps))];
      world_.step_wall_clock(world_.random().one_in(2) ? step : -step);
    }
    world_.after(std::chrono::milliseconds(1 + world_.random().below(2'000)),
                 [this] { step_clock_now_and_then(); });
  }

  // A few more requests, from the best of clients, when nothing goes wrong any more.
  void serve_after_the_storm() {
    world_.calm();
    weather_.sky = Sky::calm;
    world_.run([] { return false; }, seconds(10));
    if (!world_.violations().empty()) return;
    constexpr std::uint32_t kRequests = 4;
    add_client({.requests = kRequests, .stays = true, .proxied = weather_.gateway.proxied});
    wait_for_clients("after the storm clients still wait");
  }

  // While one connection is idle and others are at work: those get their answers, all are closed,
  // and sooner than any idle connection would be by itself.
  void drain() {
    constexpr std::uint32_t kClients = 2;
    for (std::uint32_t i = 0; i < kClients; ++i)
      add_client(
          {.requests = 1, .stays = true, .proxied = weather_.gateway.proxied, .may_be_late = true});
    world_.run([] { return false; }, world_.some_delay());
    gateway_.drain();
    const bool ended = world_.run([this] { return gateway_.ended(); }, seconds(4));
    if (!world_.violations().empty()) return;
    if (!ended) world_.violation("the gateway does not end: " + gateway_.state());
    wait_for_clients("clients still wait for a gateway that has ended");
  }

  void expect_outcomes() {
    for (const auto& request : ledger_.all()) {
      if (request->outcome != Outcome::open) continue;
      world_.violation(fmt::format("request {} never ended", request->number));
      return;
    }
    if (ledger_.late_arrivals > gateway_.count(net::ShardCount::hedges)) {
      world_.violation(fmt::format("{} requests came late to a provider, {} were hedged",
                                   ledger_.late_arrivals, gateway_.count(net::ShardCount::hedges)));
    }
    // Whatever a provider was asked was admitted, and stands in the journal.
    const auto asked = static_cast<std::uint64_t>(std::ranges::count_if(
        ledger_.all(), [](const auto& request) { return request->seen > 0; }));
    const std::vector<std::string> complaints = gateway_.leaks();
    if (complaints.empty() && gateway_.records() < asked) {
      world_.violation(fmt::format("providers saw {} requests, the journal has {} records", asked,
                                   gateway_.records()));
    }
  }

  void add_client(const ClientOptions& options) {
    clients_.push_back(std::make_unique<ClientActor>(ledger_, Gateway::address(), options));
    clients_.back()->start();
  }

  void wait_for_clients(std::string_view complaint) {
    const auto done = [this] {
      return std::ranges::all_of(clients_, [](const auto& client) { return client->done(); });
    };
    if (world_.run(done, std::chrono::hours(4)) || !world_.violations().empty()) return;
    std::string text(complaint);
    for (const auto& client : clients_) {
      if (!client->done()) text += "\n  " + client->state();
    }
    world_.violation(text + "\n" + gateway_.state());
  }

  void count(Coverage& coverage) const {
    coverage.faults = world_.struck();
    coverage.moves = gateway_.moves();
    coverage.stage_waits = gateway_.stage_waits();
    coverage.runs = 1;
    coverage.replays = gateway_.count(net::ShardCount::upstream_replays);
    coverage.retries = gateway_.count(net::ShardCount::retries);
    coverage.failovers = gateway_.count(net::ShardCount::failovers);
    coverage.hedges = gateway_.count(net::ShardCount::hedges);
    coverage.hedges_won = gateway_.count(net::ShardCount::hedges_won);
    coverage.breakers_opened = gateway_.count(net::ShardCount::breakers_opened);
    coverage.breakers_closed = gateway_.count(net::ShardCount::breakers_closed);
    for (const auto& request : ledger_.all()) {
      ++coverage.requests;
      coverage.calls[static_cast<std::size_t>(std::to_underlying(request->call))] +=
          request->outcome == Outcome::answered || request->outcome == Outcome::refused ? 1U : 0U;
      coverage.answered += request->outcome == Outcome::answered ? 1U : 0U;
      coverage.refused += request->outcome == Outcome::refused ? 1U : 0U;
      coverage.cut += request->outcome == Outcome::cut ? 1U : 0U;
      coverage.lost += request->outcome == Outcome::lost ? 1U : 0U;
    }
  }

  Weather weather_;
  World world_;
  Ledger ledger_;
  std::uint32_t requests_;
  std::deque<std::unique_ptr<UpstreamActor>> upstreams_;
  const std::vector<std::string> tunnel_targets_ = Gateway::tunnel_targets();
  std::deque<std::unique_ptr<TunnelActor>> tunnels_;
  std::vector<std::unique_ptr<ClientActor>> clients_;
  Gateway gateway_;
};

}  // namespace

void Coverage::add(const Coverage& other) {
  for (std::size_t i = 0; i < faults.size(); ++i)
    faults[i] += other.faults[i];
  for (std::size_t from = 0; from < moves.size(); ++from) {
    for (std::size_t to = 0; to < moves.size(); ++to)
      moves[from][to] += other.moves[from][to];
  }
  for (std::size_t i = 0; i < stage_waits.size(); ++i)
    stage_waits[i] += other.stage_waits[i];
  for (std::size_t i = 0; i < calls.size(); ++i)
    calls[i] += other.calls[i];
  runs += other.runs;
  requests += other.requests;
  answered += other.answered;
  refused += other.refused;
  cut += other.cut;
  lost += other.lost;
  replays += other.replays;
  retries += other.retries;
  failovers += other.failovers;
  hedges += other.hedges;
  hedges_won += other.hedges_won;
  breakers_opened += other.breakers_opened;
  breakers_closed += other.breakers_closed;
}

std::vector<std::string> Coverage::missing() const {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < faults.size(); ++i) {
    if (faults[i] == 0) found.push_back(fmt::format("the fault {} never struck", kFaultNames[i]));
  }
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (calls[i] == 0) found.push_back(fmt::format("no {} got its answer", kCallNames[i]));
  }
  const std::uint64_t hedges_lost = hedges - hedges_won;
  for (const auto& [what, count] :
       {std::pair{"retry", retries}, std::pair{"fail-over", failovers},
        std::pair{"hedge that wins", hedges_won}, std::pair{"hedge that does not", hedges_lost},
        std::pair{"breaker that opens", breakers_opened},
        std::pair{"breaker that closes", breakers_closed}}) {
    if (count == 0) found.push_back(fmt::format("there was no {}", what));
  }
  for (auto stage = policy::Stage::guard; stage <= policy::Stage::upstream;
       stage = static_cast<policy::Stage>(std::to_underlying(stage) + 1)) {
    if (stage_waits[std::to_underlying(stage)] == 0) {
      found.push_back(fmt::format("no exchange waited at the stage {}", policy::name(stage)));
    }
  }
  for (std::size_t from = 0; from < moves.size(); ++from) {
    for (std::size_t to = 0; to < moves.size(); ++to) {
      const auto state = static_cast<net::ExchangeState>(from);
      const auto next = static_cast<net::ExchangeState>(to);
      if (net::may_move(state, next) && moves[from][to] == 0) {
        found.push_back(fmt::format("no exchange moved from {} to {}",
                                    net::kExchangeStateNames[from], net::kExchangeStateNames[to]));
      }
    }
  }
  return found;
}

RunResult run_scenario(std::uint64_t seed, std::uint32_t requests) {
  auto run = std::make_unique<Run>(seed, requests);
  RunResult result = run->play();
  if (!result.violations.empty()) {
    // It cannot be taken down in good order; what it found is told, it is left where it is.
    (void)run.release();
    World::leave();
  }
  return result;
}

}  // namespace headrace::sim
