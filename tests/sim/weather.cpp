#include "tests/sim/weather.h"

#include <array>
#include <iterator>
#include <span>
#include <utility>

#include "core/random.h"

namespace headrace::sim {

namespace {

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

}  // namespace

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
  weather.gateway.audited = random.one_in(2);
  return weather;
}

Certificates certificates_of(std::uint64_t seed) {
  constexpr Certificates kAll[] = {Certificates::off, Certificates::off, Certificates::optional,
                                   Certificates::required};
  core::Random random(seed ^ 0xce27);
  return kAll[random.below(std::size(kAll))];
}

Weather weather_with_tls(std::uint64_t seed, TlsWorld& tls) {
  Weather weather = weather_of(seed);
  core::Random random(seed ^ 0x715);
  const std::uint64_t scale = std::array<std::uint64_t, 3>{1, 2, 5}[random.below(3)];
  const bool storm = weather.sky == Sky::storm;
  if (storm) {
    set(weather.odds, Fault::tls_plain_client, 30 * scale);
    set(weather.odds, Fault::tls_strange_client, 12 * scale);
    set(weather.odds, Fault::tls_bare_client, 12 * scale);
  }
  if (!weather.good_providers()) {
    set(weather.odds, Fault::tls_handshake_stalls, 25 * scale);
    set(weather.odds, Fault::tls_handshake_breaks, 12 * scale);
    set(weather.odds, Fault::tls_wrong_certificate, 12 * scale);
    set(weather.odds, Fault::tls_record_spoiled, 20 * scale);
    set(weather.odds, Fault::tls_end_untold, 3 * scale);
  }
  if (storm || weather.sky == Sky::rough_kernel)
    set(weather.odds, Fault::signature_slow, 4 * scale);
  weather.gateway.tls = &tls;
  // Where somebody reads slowly, nobody else may have to wait for it.
  constexpr std::uint32_t kBlocksForAll = 512;
  if (storm) weather.gateway.tls_blocks = kBlocksForAll;
  return weather;
}

}  // namespace headrace::sim
