// What a run's world is like: who makes trouble in it, and how much.
#pragma once

#include <cstdint>
#include <string_view>

#include "tests/sim/faults.h"
#include "tests/sim/gateway.h"

namespace headrace::sim {

// Who makes trouble. Where the kernel alone does, nobody may notice; where the providers do, every
// client is answered all the same, or sees that its answer was cut; where there is no room, some
// are turned away, and the others served well; where some dawdle, nobody waits for them.
enum class Sky : std::uint8_t { calm, rough_kernel, dawdlers, no_room, bad_providers, storm };
inline constexpr std::string_view kSkyNames[] = {"calm",    "rough kernel",  "dawdlers",
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

[[nodiscard]] Weather weather_of(std::uint64_t seed);
// Whether clients show certificates, where TLS is spoken.
[[nodiscard]] Certificates certificates_of(std::uint64_t seed);
// The same with TLS, whose faults are drawn apart: without it the seed's run stays what it was.
[[nodiscard]] Weather weather_with_tls(std::uint64_t seed, TlsWorld& tls);

}  // namespace headrace::sim
