#include "tests/sim/scenario.h"

#include <algorithm>
#include <deque>
#include <memory>

#include <fmt/format.h>

#include "tests/sim/client_actor.h"
#include "tests/sim/gateway.h"
#include "tests/sim/ledger.h"
#include "tests/sim/upstream_actor.h"
#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

using std::chrono::seconds;

struct Weather {
  FaultOdds odds{};
  bool calm = false;  // nothing goes wrong, so everything must succeed
  GatewayOptions gateway;
  std::uint32_t clients = 1;
};

void set(FaultOdds& odds, Fault fault, std::uint64_t one_in) {
  odds[static_cast<std::size_t>(std::to_underlying(fault))] = static_cast<std::uint32_t>(one_in);
}

Weather weather_of(std::uint64_t seed) {
  core::Random random(seed ^ 0x5eed);
  Weather weather;
  weather.calm = random.one_in(8);
  weather.gateway.shards = static_cast<std::uint32_t>(1 + random.below(3));
  weather.gateway.tiny = !weather.calm && random.one_in(5);
  weather.clients = static_cast<std::uint32_t>(4 + random.below(28));
  if (weather.calm) return weather;
  // From a breeze to a storm.
  const std::uint64_t scale = std::array<std::uint64_t, 4>{1, 2, 5, 20}[random.below(4)];
  FaultOdds& odds = weather.odds;
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
  set(odds, Fault::connect_refused, 30 * scale);
  set(odds, Fault::connect_hangs, 40 * scale);
  set(odds, Fault::cancel_loses, 4 * scale);
  set(odds, Fault::cancel_misses, 4 * scale);
  set(odds, Fault::upstream_breaks, 20 * scale);
  set(odds, Fault::upstream_stalls, 60 * scale);
  set(odds, Fault::upstream_closes_idle, 12 * scale);
  set(odds, Fault::upstream_garbage, 40 * scale);
  return weather;
}

class Run {
 public:
  Run(std::uint64_t seed, std::uint32_t requests)
      : weather_(weather_of(seed)),
        world_(seed, weather_.odds),
        ledger_(world_.random()),
        requests_(requests),
        gateway_(world_, weather_.gateway) {
    for (std::size_t i = 0; i < Gateway::kProviders; ++i) {
      world_.serve(Gateway::provider_address(i), [this](std::shared_ptr<Peer> peer) {
        upstreams_.push_back(
            std::make_unique<UpstreamActor>(ledger_, std::move(peer), weather_.calm));
      });
    }
  }

  RunResult play() {
    serve_clients();
    if (world_.violations().empty()) serve_after_the_storm();
    if (world_.violations().empty()) drain();
    RunResult result;
    result.violations = world_.violations();
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
      if (share > 0) add_client(share, weather_.calm);
    }
    if (!weather_.calm && world_.random().one_in(2)) {
      world_.after(std::chrono::milliseconds(world_.random().below(500)),
                   [this] { gateway_.reload(); });
    }
    wait_for_clients("clients still wait");
  }

  // A few more requests, from the best of clients, when nothing goes wrong any more.
  void serve_after_the_storm() {
    world_.calm();
    weather_.calm = true;
    world_.run([] { return false; }, seconds(10));
    if (!world_.violations().empty()) return;
    constexpr std::uint32_t kRequests = 4;
    add_client(kRequests, true);
    wait_for_clients("after the storm clients still wait");
  }

  void drain() {
    gateway_.drain();
    if (world_.run([this] { return gateway_.ended(); }, seconds(30))) return;
    if (!world_.violations().empty()) return;
    world_.violation("the gateway does not end: " + gateway_.state());
  }

  void add_client(std::uint32_t requests, bool well_behaved) {
    clients_.push_back(
        std::make_unique<ClientActor>(ledger_, Gateway::address(), requests, well_behaved));
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
    coverage.runs = 1;
    coverage.replays = gateway_.count(net::ShardCount::upstream_replays);
    for (const auto& request : ledger_.all()) {
      ++coverage.requests;
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
  runs += other.runs;
  requests += other.requests;
  answered += other.answered;
  refused += other.refused;
  cut += other.cut;
  lost += other.lost;
  replays += other.replays;
}

namespace {

// Moves that need more luck than a run of this length has: a client that leaves between two pieces
// of a large body's judging (time stands still while a shard has turns to take), and a kept
// connection that dies between two sends of one large request.
bool too_rare(net::ExchangeState from, net::ExchangeState to) {
  using enum net::ExchangeState;
  return (from == judging_body && to == closing) || (from == sending && to == awaiting_upstream);
}

}  // namespace

std::vector<std::string> Coverage::missing() const {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < faults.size(); ++i) {
    if (faults[i] == 0) found.push_back(fmt::format("the fault {} never struck", kFaultNames[i]));
  }
  for (std::size_t from = 0; from < moves.size(); ++from) {
    for (std::size_t to = 0; to < moves.size(); ++to) {
      const auto state = static_cast<net::ExchangeState>(from);
      const auto next = static_cast<net::ExchangeState>(to);
      if (net::may_move(state, next) && !too_rare(state, next) && moves[from][to] == 0) {
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
