// The simulator finds every planted bug (core/planted_bug.h) within few seeds, and over the same
// seeds nothing where none is planted.
//
// Each search runs in a child process: a bug may trip a check of the gateway's own, and ends it.
//   build/dev/bin/test_sim_planted --gtest_filter=*closed_twice*
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/planted_bug.h"
#include "tests/sim/cache_scenario.h"
#include "tests/sim/certificate_scenario.h"
#include "tests/sim/crowd_scenario.h"
#include "tests/sim/cut_scenario.h"
#include "tests/sim/drain_scenario.h"
#include "tests/sim/hedge_scenario.h"
#include "tests/sim/leaving_scenario.h"
#include "tests/sim/limit_scenario.h"
#include "tests/sim/pool_scenario.h"
#include "tests/sim/queue_scenario.h"
#include "tests/sim/scenario.h"

namespace headrace::sim {
namespace {

using core::PlantedBug;

constexpr std::uint64_t kFirstSeed = 9'000'000;
constexpr std::uint32_t kRequests = 1'000;
constexpr std::uint32_t kTlsRequests = 300;
constexpr std::uint64_t kSeedsMax = 80;
// Where handshakes take the machine's time.
constexpr std::uint64_t kHandshakeSeedsMax = 6;

// A run of one seed; what was violated first, or nothing.
using Scenario = std::string (*)(std::uint64_t seed);

template <auto kRun>
std::string first_violation(std::uint64_t seed) {
  const auto run = kRun(seed);
  return run.violations.empty() ? std::string() : run.violations.front();
}

RunResult run_everything(std::uint64_t seed) {
  return run_scenario(seed, kRequests);
}

RunResult run_tls(std::uint64_t seed) {
  return run_tls_scenario(seed, kTlsRequests);
}

constexpr Scenario kEverything = first_violation<run_everything>;
constexpr Scenario kTls = first_violation<run_tls>;
constexpr Scenario kCache = first_violation<run_cache_scenario>;
constexpr Scenario kQueue = first_violation<run_queue_scenario>;
constexpr Scenario kHedges = first_violation<run_hedge_scenario>;
constexpr Scenario kPools = first_violation<run_pool_scenario>;
constexpr Scenario kLeaving = first_violation<run_leaving_scenario>;
constexpr Scenario kLimits = first_violation<run_limit_scenario>;
constexpr Scenario kCertificates = first_violation<run_certificate_scenario>;
constexpr Scenario kCrowd = first_violation<run_crowd_scenario>;
constexpr Scenario kCuts = first_violation<run_cut_scenario>;
constexpr Scenario kDrains = first_violation<run_drain_scenario>;

struct Case {
  PlantedBug bug;
  std::string_view name;
  Scenario scenario = kEverything;
  std::uint64_t seeds_max = kSeedsMax;
  friend void PrintTo(const Case& tested, std::ostream* out) { *out << tested.name; }
};

#define HEADRACE_PLANTED(bug) \
  Case {                      \
    PlantedBug::bug, #bug     \
  }
constexpr Case kCases[] = {
    HEADRACE_PLANTED(buffer_returned_early),
    HEADRACE_PLANTED(block_leaked),
    HEADRACE_PLANTED(body_leaked),
    HEADRACE_PLANTED(custody_leaked),
    HEADRACE_PLANTED(rearm_lost),
    HEADRACE_PLANTED(starved_forgotten),
    HEADRACE_PLANTED(accept_lost),
    HEADRACE_PLANTED(proxied_source_lost),
    HEADRACE_PLANTED(closed_in_flight),
    HEADRACE_PLANTED(closed_twice),
    HEADRACE_PLANTED(timer_left_armed),
    HEADRACE_PLANTED(drained_left_open),
    HEADRACE_PLANTED(tunnels_send_told),
    HEADRACE_PLANTED(stale_waiter),
    HEADRACE_PLANTED(names_unheard),
    HEADRACE_PLANTED(waiter_forgotten),
    HEADRACE_PLANTED(upstream_not_cancelled),
    HEADRACE_PLANTED(returned_while_busy),
    HEADRACE_PLANTED(returned_with_leftovers),
    HEADRACE_PLANTED(returned_never),
    HEADRACE_PLANTED(replayed_again),
    HEADRACE_PLANTED(rest_unsent),
    HEADRACE_PLANTED(last_chunk_dropped),
    HEADRACE_PLANTED(error_event_unsent),
    HEADRACE_PLANTED(upload_unended),
    HEADRACE_PLANTED(held_event_dropped),
    HEADRACE_PLANTED(pipelined_dropped),
    HEADRACE_PLANTED(continue_unsent),
    HEADRACE_PLANTED(retried_after_first_byte),
    HEADRACE_PLANTED(withheld_answer_sent),
    HEADRACE_PLANTED(failed_answer_kept),
    HEADRACE_PLANTED(beaten_call_kept),
    HEADRACE_PLANTED(beaten_call_counted),
    HEADRACE_PLANTED(beaten_call_unrecorded),
    HEADRACE_PLANTED(answered_twice),
    HEADRACE_PLANTED(recorded_twice),
    HEADRACE_PLANTED(record_lost),
    HEADRACE_PLANTED(audited_twice),
    HEADRACE_PLANTED(refusal_unaudited),
    HEADRACE_PLANTED(decision_unaudited),
    HEADRACE_PLANTED(stream_never_ended),
    HEADRACE_PLANTED(turn_not_asked_for),
    {PlantedBug::tls_cut_taken_as_end, "tls_cut_taken_as_end", kTls},
    {PlantedBug::tls_block_let_go, "tls_block_let_go", kTls},
    {PlantedBug::tls_write_forgotten, "tls_write_forgotten", kTls},
    {PlantedBug::tls_bytes_dropped, "tls_bytes_dropped", kTls},
    {PlantedBug::tls_signature_lost, "tls_signature_lost", kTls},
    {PlantedBug::tls_block_wait_lost, "tls_block_wait_lost", kTls},
    {PlantedBug::tls_goodbye_unsaid, "tls_goodbye_unsaid", kTls},
    {PlantedBug::tls_certificates_kept, "tls_certificates_kept", kTls},
    {PlantedBug::tls_client_unverified, "tls_client_unverified", kTls},
    {PlantedBug::certificate_of_anybody, "certificate_of_anybody", kTls},
    {PlantedBug::certificate_unshown, "certificate_unshown", kCertificates, kHandshakeSeedsMax},
    {PlantedBug::tls_signer_wait_lost, "tls_signer_wait_lost", kCrowd, kHandshakeSeedsMax},
    {PlantedBug::drained_while_waiting, "drained_while_waiting", kDrains},
    {PlantedBug::cut_amid_event, "cut_amid_event", kCuts},
    {PlantedBug::ended_choice_again, "ended_choice_again", kCuts},
    {PlantedBug::array_cut_as_events, "array_cut_as_events", kCuts},
    {PlantedBug::cut_unrecorded, "cut_unrecorded", kCuts},
    {PlantedBug::hedge_unlimited, "hedge_unlimited", kHedges},
    {PlantedBug::beaten_limits_kept, "beaten_limits_kept", kHedges},
    {PlantedBug::beaten_call_uncounted, "beaten_call_uncounted", kHedges},
    {PlantedBug::cached_answer_let_go, "cached_answer_let_go", kCache},
    {PlantedBug::unfit_answer_kept, "unfit_answer_kept", kCache},
    {PlantedBug::tenant_left_out, "tenant_left_out", kCache},
    {PlantedBug::pool_named_by_place, "pool_named_by_place", kPools},
    {PlantedBug::pool_change_unseen, "pool_change_unseen", kPools},
    {PlantedBug::last_bytes_forgotten, "last_bytes_forgotten", kLeaving},
    {PlantedBug::reservation_untold, "reservation_untold", kLimits},
    {PlantedBug::settlement_untold, "settlement_untold", kLimits},
    {PlantedBug::refund_told_twice, "refund_told_twice", kLimits},
    {PlantedBug::lapse_untold, "lapse_untold", kLimits},
    {PlantedBug::permit_part_dropped, "permit_part_dropped", kLimits},
    {PlantedBug::dead_left_holding, "dead_left_holding", kLimits},
    {PlantedBug::queue_wake_lost, "queue_wake_lost", kQueue},
    {PlantedBug::queue_woken_twice, "queue_woken_twice", kQueue},
    {PlantedBug::queue_weight_ignored, "queue_weight_ignored", kQueue},
    {PlantedBug::queue_entry_left, "queue_entry_left", kQueue},
};
#undef HEADRACE_PLANTED
static_assert(std::size(kCases) + 1 == static_cast<std::size_t>(PlantedBug::count),
              "every planted bug is looked for");

enum Ending : int { kNothingFound = 0, kFound = 3 };

// In the child. Says at which seed what was found.
[[noreturn]] void search(const Case& tested) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  core::the_planted_bug = tested.bug;
  for (std::uint64_t i = 0; i < tested.seeds_max; ++i) {
    const std::uint64_t seed = kFirstSeed + i;
    std::fprintf(stderr, "seed %llu\n", static_cast<unsigned long long>(seed));
    const std::string violation = tested.scenario(seed);
    if (violation.empty()) continue;
    std::fprintf(stderr, "%.400s\n", violation.c_str());
    std::_Exit(kFound);
  }
  std::_Exit(kNothingFound);
}

int run_search(const Case& tested) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) search(tested);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

// A violation that an actor saw, or a check of the gateway's (or a sanitizer's) that ended the run.
bool found(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status) != kNothingFound;
  return WIFSIGNALED(status) && (WTERMSIG(status) == SIGABRT || WTERMSIG(status) == SIGSEGV);
}

class PlantedBugs : public testing::TestWithParam<Case> {};

TEST_P(PlantedBugs, AreFound) {
  const int status = run_search(GetParam());
  EXPECT_TRUE(found(status)) << GetParam().name << " was not found within " << GetParam().seeds_max
                             << " seeds (status " << status << ")";
}

INSTANTIATE_TEST_SUITE_P(Sim, PlantedBugs, testing::ValuesIn(kCases),
                         [](const auto& tested) { return std::string(tested.param.name); });

// Over the same seeds.
class NothingPlanted : public testing::TestWithParam<Case> {};

TEST_P(NothingPlanted, IsFound) {
  const int status = run_search(GetParam());
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == kNothingFound) << "status " << status;
}

INSTANTIATE_TEST_SUITE_P(
    Sim, NothingPlanted,
    testing::Values(
        Case{PlantedBug::none, "everything", kEverything}, Case{PlantedBug::none, "tls", kTls},
        Case{PlantedBug::none, "cache", kCache}, Case{PlantedBug::none, "queue", kQueue},
        Case{PlantedBug::none, "hedges", kHedges}, Case{PlantedBug::none, "pools", kPools},
        Case{PlantedBug::none, "leaving", kLeaving}, Case{PlantedBug::none, "limits", kLimits},
        Case{PlantedBug::none, "crowd", kCrowd, kHandshakeSeedsMax},
        Case{PlantedBug::none, "cuts", kCuts},
        Case{PlantedBug::none, "certificates", kCertificates, kHandshakeSeedsMax},
        Case{PlantedBug::none, "drains", kDrains}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace headrace::sim
