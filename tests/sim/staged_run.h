// How scenarios with actors of their own (of the cache, of queues) are played: what they wait for,
// how the gateway ends, and what is done with a run that went wrong.
//
// Threads: one.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/random.h"
#include "tests/sim/gateway.h"
#include "tests/sim/tls_world.h"
#include "tests/sim/world.h"

namespace headrace::sim {

inline void run_until(World& world, const Gateway& gateway, const std::function<bool()>& done,
                      core::Duration longest, std::string_view complaint) {
  if (!world.violations().empty() || world.run(done, longest)) return;
  if (world.violations().empty()) {
    world.violation(fmt::format("{}: {}", complaint, gateway.state()));
  }
}

// Until all of them have what they wanted.
template <class Clients>
void run_until_served(World& world, const Gateway& gateway, const Clients& clients,
                      core::Duration longest) {
  const auto done = [&clients] {
    return std::ranges::all_of(clients, [](const auto& client) { return client->done(); });
  };
  run_until(world, gateway, done, longest, "clients still wait");
}

// What happens on any network and in any kernel.
inline FaultOdds usual_odds() {
  FaultOdds odds{};
  for (const Fault fault : {Fault::short_read, Fault::split_write, Fault::late_completion,
                            Fault::multishot_ends, Fault::cancel_loses, Fault::cancel_misses}) {
    odds[static_cast<std::size_t>(std::to_underlying(fault))] = 8;
  }
  return odds;
}

// By seed: nothing, the usual, or that with requests that wait at stages.
inline FaultOdds staged_odds(std::uint64_t seed) {
  if (seed % 3 == 0) return {};
  FaultOdds odds = usual_odds();
  if (seed % 3 == 2) odds[static_cast<std::size_t>(std::to_underlying(Fault::stage_waits))] = 60;
  return odds;
}

// One run in three speaks TLS; of these, some ask for certificates.
inline std::unique_ptr<TlsWorld> staged_tls(std::uint64_t seed) {
  core::Random random(seed ^ 0x7157);
  if (!random.one_in(3)) return nullptr;
  return std::make_unique<TlsWorld>(random.one_in(2),
                                    random.one_in(3) ? Certificates::optional : Certificates::off);
}

// With TLS the attendant takes its time over signatures.
inline FaultOdds with_tls(FaultOdds odds, const std::unique_ptr<TlsWorld>& tls) {
  if (tls != nullptr) {
    odds[static_cast<std::size_t>(std::to_underlying(Fault::signature_slow))] = 8;
  }
  return odds;
}

// The same config again; with TLS, with certificates that are new.
inline void reload(Gateway& gateway, const std::unique_ptr<TlsWorld>& tls) {
  if (tls != nullptr) tls->renew();
  gateway.reload();
}

// A scripted provider at this place of the network.
template <class Provide>
void serve(World& world, std::size_t index, TlsWorld* tls, Provide provide) {
  world.serve(Gateway::provider_address(index), [tls, provide](std::shared_ptr<Peer> peer) {
    if (tls != nullptr) peer->put_on(tls->provider(*peer, false));
    provide(std::move(peer));
  });
}

// Of a gateway that drains,
inline void run_to_end(World& world, const Gateway& gateway) {
  run_until(
      world, gateway, [&gateway] { return gateway.ended(); }, std::chrono::seconds(30),
      "the gateway does not end");
}

// and of one that is told to now; nothing goes wrong any more.
inline void drain_to_end(World& world, Gateway& gateway) {
  world.calm();
  gateway.drain();
  run_to_end(world, gateway);
}

// What went wrong in a run that has ended, or what it left behind.
inline std::vector<std::string> violations_of(const World& world, Gateway& gateway) {
  const std::vector<std::string>& violations = world.violations();
  return violations.empty() ? gateway.leaks() : violations;
}

// A Stage is all that lives in a run.
template <class Stage>
auto play_on_stage(std::uint64_t seed) {
  auto stage = std::make_unique<Stage>(seed);
  auto run = stage->play();
  if (!run.violations.empty()) {
    // Whatever is left half done cannot be taken apart.
    static_cast<void>(stage.release());
    World::leave();
  }
  return run;
}

}  // namespace headrace::sim
