// Options of what gets requests past a failing provider: its keys, breaker and health checks, the
// retries and hedges of a route, and what all of them inherit.
#include "policy/config/option_builder.h"
#include "policy/config/quota_options.h"
#include "policy/config/resilience_options.h"
#include "policy/resilience/attempt.h"

namespace headrace::policy::config {
namespace {

constexpr std::string_view kHealthProbeNames[] = {"get", "head", "connect"};
static_assert(std::size(kHealthProbeNames) == static_cast<std::size_t>(kLastHealthProbe) + 1);

constexpr OptionSpec kProviderKeyOptions[] = {
    required(text<&ProviderKeyModel::name>("name", TextRule::identifier, kNameBytesMax,
                                           "By which metrics and records call it.")),
    required(secret(text<&ProviderKeyModel::credential>("credential", TextRule::credential, 4096,
                                                        "The key itself, as `${NAME}`."))),
    number<&ProviderKeyModel::weight>("weight", "", {1, 1, 1000},
                                      "Its share among the keys that have room."),
    flag<&ProviderKeyModel::drain>(
        "drain", false, "Take it for no new request; those that run with it end as they are."),
    limits_option<&ProviderKeyModel::quota>(),
};

constexpr auto kBreakerRow = &BreakerModel::row;
constexpr OptionSpec kBreakerOptions[] = {
    number<kBreakerRow, &BreakerRules::failures>(
        "failures", "failures", {5, 0, 1'000'000},
        "So many within the window open the breaker. 0: their number is no matter."),
    number<kBreakerRow, &BreakerRules::window_ms>("window_ms", "ms", {60'000, 100, 3'600'000},
                                                  "The time in which failures are counted."),
    number<kBreakerRow, &BreakerRules::failure_percent>(
        "failure_percent", "percent", {0, 0, 100},
        "Such a share of the window's requests opens it too. 0: their share is no matter."),
    number<kBreakerRow, &BreakerRules::requests_min>(
        "requests_min", "requests", {20, 1, 1'000'000},
        "Fewer requests in the window say nothing about a share."),
    number<kBreakerRow, &BreakerRules::open_ms>(
        "open_ms", "ms", {60'000, 100, 3'600'000},
        "How long it keeps requests away before some are let through on trial."),
    number<kBreakerRow, &BreakerRules::probes_max>("probes_max", "requests",
                                                   {2, 1, BreakerWord::kProbesMax},
                                                   "On trial at one time, of all shards together."),
    number<kBreakerRow, &BreakerRules::successes>("successes", "requests",
                                                  {2, 1, BreakerWord::kPassedMax},
                                                  "On trial that go well close it again."),
};

constexpr auto kHealthRow = &HealthModel::row;
constexpr OptionSpec kHealthOptions[] = {
    number<kHealthRow, &HealthRules::interval_ms>(
        "interval_ms", "ms", {0, 0, 3'600'000},
        "Between two checks of the provider. 0: none; only what requests meet counts."),
    choice<&HealthModel::probe>("probe", kHealthProbeNames, 0,
                                "`get` or `head` of the path, or only `connect`."),
    by_default("/", text<&HealthModel::path>(
                        "path", TextRule::health_path, kModelBytesMax,
                        "What is asked for, behind the path of the provider's URL. No credential "
                        "is shown.")),
    flag<&HealthModel::any_status>(
        "any_status", false,
        "Any answer below 500 is a good one (a 401 too), not 2xx and 3xx alone."),
    number<kHealthRow, &HealthRules::timeout_ms>("timeout_ms", "ms", {2'000, 10, 60'000},
                                                 "Of one check, connecting included."),
    number<kHealthRow, &HealthRules::failures>("failures", "checks", {3, 1, 255},
                                               "In a row that fail take it out."),
    number<kHealthRow, &HealthRules::successes>("successes", "checks", {2, 1, 255},
                                                "In a row that pass bring it back."),
    number<kHealthRow, &HealthRules::jitter_percent>(
        "jitter_percent", "percent", {20, 0, 100},
        "Of the interval, by chance, so that many gateways do not ask at one time."),
};

constexpr auto kRetryRow = &RetryModel::row;
constexpr OptionSpec kRetryOptions[] = {
    number<kRetryRow, &RetryRules::tries>(
        "tries", "tries", {3, 1, kAttemptsMax},
        "Of one request, the first one counted, wherever they go. 1: none is sent again."),
    number<kRetryRow, &RetryRules::base_ms>(
        "base_ms", "ms", {1'000, 1, 60'000},
        "Before a target is tried a second time; half of it by chance."),
    number<kRetryRow, &RetryRules::factor>("factor", "", {2, 1, 10},
                                           "By which that grows from one try to the next."),
    number<kRetryRow, &RetryRules::max_ms>("max_ms", "ms", {30'000, 1, 600'000},
                                           "It grows no further than this."),
    number<kRetryRow, &RetryRules::hint_max_ms>(
        "hint_max_ms", "ms", {30'000, 0, 600'000},
        "A provider that asks for more patience than this is not waited for."),
    number<kRetryRow, &RetryRules::budget_percent>(
        "budget_percent", "percent", {20, 0, 1000},
        "Retries may be such a share of the route's requests, for each shard; one a second is "
        "always allowed."),
    number<kRetryRow, &RetryRules::budget_burst>("budget_burst", "retries", {10, 0, 100'000},
                                                 "And so many more at a time."),
};

constexpr auto kHedgeRow = &HedgeModel::row;
constexpr OptionSpec kHedgeOptions[] = {
    number<kHedgeRow, &HedgeRules::after_ms>(
        "after_ms", "ms", {0, 0, 600'000},
        "So long without a byte of an answer, counted from the request's last one, and the request "
        "goes to another target as well; the first good answer is the client's. 0: never."),
    number<kHedgeRow, &HedgeRules::latency_percent>(
        "latency_percent", "percent", {0, 0, 1000},
        "Not sooner than such a share of what is usual for the target to its first byte (a moving "
        "average of each shard). 0: what is usual is no matter."),
};

}  // namespace

constinit const SectionSpec kProviderKeySection =
    section<ProviderKeyModel>("key of a provider", kProviderKeyOptions);
constinit const SectionSpec kBreakerSection = section<BreakerModel>("breaker", kBreakerOptions);
constinit const SectionSpec kHealthSection = section<HealthModel>("health", kHealthOptions);
constinit const SectionSpec kRetrySection = section<RetryModel>("retry", kRetryOptions);
constinit const SectionSpec kHedgeSection = section<HedgeModel>("hedge", kHedgeOptions);

namespace {

constexpr OptionSpec kDefaultsOptions[] = {
    record<&DefaultsModel::breaker>("breaker", kBreakerSection, "Of every provider."),
    record<&DefaultsModel::retry>("retry", kRetrySection, "Of every route."),
    record<&DefaultsModel::hedge>("hedge", kHedgeSection,
                                  "Of every route; those with one target have no hedges."),
    choice<&DefaultsModel::lost_attempts>("lost_attempts", kLostAttemptsNames, 0,
                                          "Of every route."),
};

}  // namespace

constinit const SectionSpec kDefaultsSection = section<DefaultsModel>("defaults", kDefaultsOptions);

}  // namespace headrace::policy::config
