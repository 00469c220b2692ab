// Options of the cache: of the process, and of a route.
#include "policy/config/cache_model.h"
#include "policy/config/option_builder.h"
#include "policy/config/option_sections.h"

namespace headrace::policy::config {
namespace {

constexpr std::string_view kModeNames[] = {"off", "asked", "always"};

constexpr auto kCacheRow = &CacheModel::row;
constexpr OptionSpec kCacheOptions[] = {
    size<kCacheRow, &CacheSettings::memory_bytes_max>(
        "memory_bytes_max", {100 * kMiB, kMiB, 64 * kGiB},
        "All answers that are kept, with what it takes to find them. Touched as it is used."),
};

constexpr auto kRouteRow = &RouteCacheModel::row;
constexpr OptionSpec kRouteCacheOptions[] = {
    choice<kRouteRow, &RouteCache::mode>(
        "mode", kModeNames, 0,
        "`asked`: for requests that ask, by `X-Headrace-Cache: on` or `Cache-Control: max-age`. "
        "`always`: for all that do not refuse."),
    number<kRouteRow, &RouteCache::ttl_ms>("ttl_ms", "ms", {5 * kMinute, 100, 7 * kDay},
                                           "How long an answer is given again."),
    flag<kRouteRow, &RouteCache::deterministic_only>(
        "deterministic_only", true,
        "Only where the same request has the same answer: temperature 0, a seed, embeddings and "
        "the like."),
    size<kRouteRow, &RouteCache::entry_bytes_max>("entry_bytes_max", {kMiB, kKiB, 256 * kMiB},
                                                  "Longer answers are not kept."),
    number<kRouteRow, &RouteCache::wait_ms>(
        "wait_ms", "ms", {30 * kSecond, 0, 10 * kMinute},
        "How long a request waits for the answer that another one is fetching. 0: each fetches its "
        "own."),
    number<kRouteRow, &RouteCache::waiters_max>(
        "waiters_max", "requests", {256, 1, 65'536},
        "That wait for one answer; those beyond fetch their own."),
};

}  // namespace

constinit const SectionSpec kCacheSection = section<CacheModel>("cache", kCacheOptions);
constinit const SectionSpec kRouteCacheSection =
    section<RouteCacheModel>("cache of a route", kRouteCacheOptions);

}  // namespace headrace::policy::config
