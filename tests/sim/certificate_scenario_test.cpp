// Clients with sessions and certificates while reloads change what is asked of them, in the
// simulated world, over many seeds. A failing one is printed.
#include "tests/sim/certificate_scenario.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/many_seeds.h"

namespace headrace::sim {
namespace {

constexpr std::uint64_t kSeeds = kSanitized ? 2 : 12;

constexpr TlsEvent kExpected[] = {
    TlsEvent::ticket_in_vain, TlsEvent::gateway_shown, TlsEvent::gateway_known_again,
    TlsEvent::strange_client_turned_away, TlsEvent::bare_client_turned_away};

TEST(SimulatorCertificates, AreShownAnewWhateverSessionIsBroughtAndOnlyGoodOnesCount) {
  CertificateRun all;
  const bool held = play_seeds(run_certificate_scenario, kSeeds, [&all](const CertificateRun& run) {
    all.served_by_certificate += run.served_by_certificate;
    all.served_by_key += run.served_by_key;
    all.refused += run.refused;
    all.turned_away += run.turned_away;
    all.withdrawn += run.withdrawn;
    all.sessions_in_vain += run.sessions_in_vain;
    add(all.tls, run.tls);
  });
  if (!held) return;
  fmt::print(
      "{} served by their certificates, {} by their keys, {} refused; {} turned away, {} of them "
      "served before; {} sessions were brought in vain\n",
      all.served_by_certificate, all.served_by_key, all.refused, all.turned_away, all.withdrawn,
      all.sessions_in_vain);
  EXPECT_GT(all.served_by_certificate, 10 * kSeeds);
  EXPECT_GT(all.served_by_key, 10 * kSeeds);
  EXPECT_GT(all.refused, 10 * kSeeds);
  EXPECT_GT(all.turned_away, 10 * kSeeds);
  EXPECT_GT(all.withdrawn, kSeeds);
  EXPECT_GT(all.sessions_in_vain, 10 * kSeeds);
  expect_all_of(kExpected, all.tls);
  expect_all_of(kResumptions, all.tls);
}

}  // namespace
}  // namespace headrace::sim
