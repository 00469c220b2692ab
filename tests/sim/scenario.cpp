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
#include "tests/sim/tls_world.h"
#include "tests/sim/tunnel_actor.h"
#include "tests/sim/upstream_actor.h"
#include "tests/sim/weather.h"
#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

using std::chrono::seconds;

class Run {
 public:
  Run(std::uint64_t seed, std::uint32_t requests, bool tls = false)
      : tls_(tls ? std::make_unique<TlsWorld>(seed % 2 == 0, certificates_of(seed)) : nullptr),
        weather_(tls ? weather_with_tls(seed, *tls_) : weather_of(seed)),
        world_(seed, weather_.odds),
        ledger_(world_.random(), weather_.gateway.resilience),
        requests_(requests),
        gateway_(world_, weather_.gateway) {
    if (tls_ != nullptr) tls_->settled = [this] { return gateway_.reloaded(); };
    const auto provide = [this](std::shared_ptr<Peer> peer) {
      if (tls_ != nullptr) peer->put_on(tls_->provider(*peer, !weather_.good_providers()));
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
                    .proxied = weather_.gateway.proxied,
                    .tls = tls_.get()});
      }
    }
    if (weather_.sky != Sky::calm && world_.random().one_in(2)) {
      const std::uint64_t reloads = tls_ == nullptr ? 1 : 1 + world_.random().below(3);
      for (std::uint64_t i = 0; i < reloads; ++i) {
        world_.after(std::chrono::milliseconds(world_.random().below(500)), [this] {
          if (tls_ != nullptr) tls_->renew();
          gateway_.reload();
        });
      }
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
    add_client({.requests = kRequests,
                .stays = true,
                .proxied = weather_.gateway.proxied,
                .tls = tls_.get()});
    wait_for_clients("after the storm clients still wait");
  }

  // While one connection is idle and others are at work: those get their answers, all are closed,
  // and sooner than any idle connection would be by itself.
  void drain() {
    constexpr std::uint32_t kClients = 2;
    for (std::uint32_t i = 0; i < kClients; ++i)
      add_client({.requests = 1,
                  .stays = true,
                  .proxied = weather_.gateway.proxied,
                  .tls = tls_.get(),
                  .may_be_late = true});
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
    for (const auto& request : ledger_.all()) {
      if (!weather_.gateway.audited) break;
      const std::string complaint = gateway_.audit().complaint(*request);
      if (!complaint.empty()) return world_.violation(complaint);
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
    coverage.audited = gateway_.audit().requests();
    if (tls_ != nullptr) coverage.tls = tls_->counts();
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

  std::unique_ptr<TlsWorld> tls_;  // none: nobody speaks it
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

namespace {

RunResult play(std::unique_ptr<Run> run) {
  RunResult result = run->play();
  if (!result.violations.empty()) {
    // It cannot be taken down in good order; what it found is told, it is left where it is.
    (void)run.release();
    World::leave();
  }
  return result;
}

}  // namespace

RunResult run_scenario(std::uint64_t seed, std::uint32_t requests) {
  return play(std::make_unique<Run>(seed, requests));
}

RunResult run_tls_scenario(std::uint64_t seed, std::uint32_t requests) {
  return play(std::make_unique<Run>(seed, requests, true));
}

}  // namespace headrace::sim
