// Options of who waits when a route or its providers are used up.
#include "policy/config/option_builder.h"
#include "policy/config/option_sections.h"
#include "policy/config/queue_model.h"

namespace headrace::policy::config {
namespace {

constexpr auto kQueueRow = &RouteQueueModel::row;
constexpr OptionSpec kRouteQueueOptions[] = {
    number<kQueueRow, &RouteQueue::waiting_max>(
        "waiting_max", "requests", {0, 0, kRouteWaitingMax},
        "That wait on each shard instead of being refused, when no target of the route has room by "
        "the limits of the route, its providers and their keys. 0: none."),
    number<kQueueRow, &RouteQueue::wait_max_ms>(
        "wait_max_ms", "ms", {10 * kSecond, 1, 10 * kMinute},
        "One request waits so long at most, in all its tries. Who would wait longer is refused at "
        "once."),
};

}  // namespace

constinit const SectionSpec kRouteQueueSection =
    section<RouteQueueModel>("queue of a route", kRouteQueueOptions);

}  // namespace headrace::policy::config
