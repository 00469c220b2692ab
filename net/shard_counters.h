// What a shard counts. Written by the shard alone, read by the admin listener's thread of control
// at any time (core/counters.h).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/counters.h"
#include "core/histogram.h"

namespace headrace::net {

enum class ShardCount : std::uint8_t {
  connections_accepted,
  connections_refused,
  requests,
  requests_refused,  // by a local answer of 4xx
  requests_failed,   // by a local answer of 5xx
  responses_2xx,
  responses_4xx,
  responses_5xx,
  downstream_cancelled,      // the client left before the end of its answer
  downstream_too_slow,       // ... or was closed, because it took it too slowly
  upstream_connections,      // opened
  upstream_reused,           // requests sent on a kept connection
  upstream_failures,         // requests
  upstream_connects_failed,  // connections; a request may have been served by another address
  upstream_replays,          // requests sent again because a kept connection proved dead
  answers_broken,            // upstream ended within a body
  events_too_large,          // ... was ended, for an event beyond its bound
  bytes_downstream_in,
  bytes_downstream_out,
  tokens_in,
  tokens_out,
  answers_metered,
  stream_events,
  stream_comments,  // to clients whose stream was silent
  log_lines_dropped,
  refusals_left_out,     // of the access log
  audit_dropped,         // requests
  requests_copied,       // a held request moved out of a scarce receive buffer
  buffers_relieved,      // what was queued moved out of a receive buffer, because those were short
  retries,               // requests sent again to a target that was tried before
  failovers,             // ... to another one
  retries_denied,        // not sent again, nor twice: the route's budget was used up
  hedges,                // requests to be sent twice, because the first provider was silent
  hedges_won,            // ... and answered by the second
  hedges_without_room,   // ... and not sent: no second target had room by limits of ours
  requests_unavailable,  // every target was out
  breakers_opened,
  breakers_closed,
  breakers_repaired,  // a corrupt word was set right
  keys_benched,
  keys_refused,  // answers of providers that do not take a credential of ours
  health_checks_failed,
  records_refused,  // requests: there was no room for their records
  records_lost,     // what was to hold them was overwritten while their requests were under way
  tls_handshakes,
  tls_failures,
  tokens_charged,     // of requests that a provider may charge for, estimated ones included
  micro_usd_charged,  // the same, by the config's prices
  refused_requests,   // by a limit of that measure
  refused_concurrent,
  refused_tokens,
  refused_money,
  refused_unbounded,      // the cost had no bound, or the model no price
  refused_unknown_limit,  // nobody could say what was left
  limits_failed_open,
  soft_limits_exceeded,
  budget_warnings,
  caps_written,  // output caps written into requests
  answers_cut,   // streams ended by us
  reserve_overruns,
  tokens_overrun,  // used beyond what was reserved
  micro_usd_overrun,
  cache_hits,      // answered from the cache, those that waited for another's answer included
  cache_misses,    // looked up in vain, and fetched
  cache_bypasses,  // on routes that keep answers, by requests that must not or do not ask
  cache_waits,     // hits that another request had fetched meanwhile
  cache_answers_kept,
  cache_answers_unfit,    // errors, cut ones, refusals
  cache_answers_dropped,  // for want of room, or too large
  targets_passed_over,    // they had no room by limits of ours, and another one was looked for
  queue_refused,          // who would have waited too long, or had no room to wait
  queue_expired,          // who has waited in vain
  limits_closed,          // their words were out of bounds
  limit_clock_overwritten,
  count,
};

struct ShardGauges {
  core::Gauge downstream_connections;
  core::Gauge upstream_connections;
  core::Gauge requests_in_flight;
  core::Gauge streams_open;
  core::Gauge requests_queued;
};

struct ShardCounters {
  core::CounterBlock<ShardCount> counts;
  ShardGauges gauges;
  core::Histogram request_nanos;     // head complete to answer sent
  core::Histogram first_byte_nanos;  // request sent to first byte of the answer
  core::Histogram queue_nanos;       // waited for a target that had no room

  void add(ShardCount which, std::uint64_t n = 1) { counts.add(which, n); }
};

}  // namespace headrace::net
