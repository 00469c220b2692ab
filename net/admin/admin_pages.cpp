#include "net/admin/admin_pages.h"

#include <array>
#include <iterator>

#include <fmt/format.h>

#include "core/histogram.h"
#include "net/admin/limit_metrics.h"
#include "net/admin/metric_head.h"
#include "net/admin/process_metrics.h"
#include "net/admin/provider_pages.h"

namespace headrace::net {

namespace {

struct CounterRow {
  ShardCount which;
  std::string_view name;
  std::string_view help;
};

constexpr std::array kCounterRows = {
    CounterRow{ShardCount::connections_accepted, "headrace_connections_accepted_total",
               "Connections taken from clients."},
    CounterRow{ShardCount::connections_refused, "headrace_connections_refused_total",
               "Connections closed at once, because as many as allowed were open."},
    CounterRow{ShardCount::requests, "headrace_requests_total", "Requests begun."},
    CounterRow{ShardCount::requests_refused, "headrace_requests_refused_total",
               "Requests answered by the gateway itself with a status of 4xx."},
    CounterRow{ShardCount::requests_failed, "headrace_requests_failed_total",
               "Requests answered by the gateway itself with a status of 5xx."},
    CounterRow{ShardCount::responses_2xx, "headrace_responses_ok_total",
               "Answers with a status below 400."},
    CounterRow{ShardCount::responses_4xx, "headrace_responses_client_error_total",
               "Answers with a status of 4xx."},
    CounterRow{ShardCount::responses_5xx, "headrace_responses_server_error_total",
               "Answers with a status of 5xx."},
    CounterRow{ShardCount::downstream_cancelled, "headrace_downstream_cancelled_total",
               "Requests whose client left before the end of its answer."},
    CounterRow{ShardCount::downstream_too_slow, "headrace_downstream_too_slow_total",
               "Requests whose client took its answer too slowly, and was disconnected."},
    CounterRow{ShardCount::upstream_connections, "headrace_upstream_connects_total",
               "Connections opened to providers."},
    CounterRow{ShardCount::upstream_reused, "headrace_upstream_reused_total",
               "Requests sent on a connection that was kept."},
    CounterRow{ShardCount::upstream_failures, "headrace_upstream_failures_total",
               "Failures to reach a provider or to get a whole answer from it."},
    CounterRow{ShardCount::upstream_connects_failed, "headrace_upstream_connects_failed_total",
               "Connections to providers that could not be made."},
    CounterRow{ShardCount::upstream_replays, "headrace_upstream_replays_total",
               "Requests sent again because a kept connection proved dead."},
    CounterRow{ShardCount::answers_broken, "headrace_answers_broken_total",
               "Answers that a provider broke off, or in which it was given up."},
    CounterRow{ShardCount::events_too_large, "headrace_events_too_large_total",
               "Streams that were ended, for an event beyond event_bytes_max."},
    CounterRow{ShardCount::bytes_downstream_in, "headrace_downstream_received_bytes_total",
               "Bytes received from clients."},
    CounterRow{ShardCount::bytes_downstream_out, "headrace_downstream_sent_bytes_total",
               "Bytes sent to clients."},
    CounterRow{ShardCount::tokens_in, "headrace_input_tokens_total",
               "Tokens read by models, as metered."},
    CounterRow{ShardCount::tokens_out, "headrace_output_tokens_total",
               "Tokens written by models, as metered."},
    CounterRow{ShardCount::answers_metered, "headrace_answers_metered_total",
               "Answers of which usage was read."},
    CounterRow{ShardCount::stream_events, "headrace_stream_events_total",
               "Events of streamed answers."},
    CounterRow{ShardCount::stream_comments, "headrace_stream_comments_total",
               "Comments sent to clients whose stream was silent."},
    CounterRow{ShardCount::log_lines_dropped, "headrace_access_log_lines_dropped_total",
               "Access log lines dropped under pressure."},
    CounterRow{ShardCount::audit_dropped, "headrace_audit_log_requests_dropped_total",
               "Requests whose decisions were dropped under pressure, by the audit log."},
    CounterRow{ShardCount::refusals_left_out, "headrace_access_log_refusals_left_out_total",
               "Refused requests without an access log line (access_log.refusals_per_second)."},
    CounterRow{ShardCount::records_refused, "headrace_requests_refused_for_records_total",
               "Requests answered 503 because there was no room for their records."},
    CounterRow{
        ShardCount::records_lost, "headrace_records_lost_total",
        "Records of requests under way that could not be written: their memory was damaged."},
    CounterRow{ShardCount::requests_copied, "headrace_requests_moved_total",
               "Held requests moved out of receive buffers that had become scarce."},
    CounterRow{ShardCount::buffers_relieved, "headrace_buffers_relieved_total",
               "Pieces of answers and uploads moved out of receive buffers that had become short."},
    CounterRow{ShardCount::retries, "headrace_retries_total",
               "Requests sent again to a target that was tried before."},
    CounterRow{ShardCount::failovers, "headrace_failovers_total",
               "Requests sent again to another target of their route."},
    CounterRow{
        ShardCount::retries_denied, "headrace_retries_denied_total",
        "Requests not sent again, or twice, because their route's retry budget was used up."},
    CounterRow{ShardCount::hedges, "headrace_hedges_total",
               "Requests for which a second target was chosen because the first was silent."},
    CounterRow{ShardCount::hedges_won, "headrace_hedges_won_total",
               "Of those, answered by the second while the first was silent."},
    CounterRow{ShardCount::hedges_without_room, "headrace_hedges_without_room_total",
               "Of those, not sent to the second: no target had room by limits of ours."},
    CounterRow{ShardCount::requests_unavailable, "headrace_requests_unavailable_total",
               "Requests answered 503 because every target was out."},
    CounterRow{ShardCount::breakers_opened, "headrace_breakers_opened_total",
               "Times that a breaker opened."},
    CounterRow{ShardCount::breakers_closed, "headrace_breakers_closed_total",
               "Times that a breaker closed again."},
    CounterRow{ShardCount::breakers_repaired, "headrace_breakers_repaired_total",
               "Breakers whose word in the shared region was corrupt: look for what writes there."},
    CounterRow{ShardCount::keys_benched, "headrace_provider_keys_benched_total",
               "Times that a provider's key was taken out for a while."},
    CounterRow{ShardCount::keys_refused, "headrace_provider_keys_refused_total",
               "Answers of providers that do not take the gateway's own credential: it is wrong, "
               "or revoked."},
    CounterRow{ShardCount::health_checks_failed, "headrace_health_checks_failed_total",
               "Health checks of providers that failed."},
    CounterRow{ShardCount::tls_handshakes, "headrace_tls_handshakes_total",
               "TLS handshakes completed."},
    CounterRow{ShardCount::tls_failures, "headrace_tls_failures_total",
               "TLS handshakes of clients that failed."},
    CounterRow{ShardCount::tokens_charged, "headrace_tokens_charged_total",
               "Tokens of requests that a provider may charge for, estimated ones included."},
    CounterRow{ShardCount::micro_usd_charged, "headrace_cost_micro_usd_total",
               "Cost of those requests in micro-USD, by the prices of the config."},
    CounterRow{ShardCount::refused_requests, "headrace_refused_by_request_limit_total",
               "Requests refused by a limit on requests."},
    CounterRow{ShardCount::refused_concurrent, "headrace_refused_by_concurrency_limit_total",
               "Requests refused by a limit on requests at one time."},
    CounterRow{ShardCount::refused_tokens, "headrace_refused_by_token_limit_total",
               "Requests refused by a limit on tokens."},
    CounterRow{ShardCount::refused_money, "headrace_refused_by_money_limit_total",
               "Requests refused by a budget, a credit or a limit on money."},
    CounterRow{ShardCount::refused_unbounded, "headrace_refused_unbounded_total",
               "Requests refused because their cost had no bound under a hard budget."},
    CounterRow{ShardCount::refused_unknown_limit, "headrace_refused_by_unknown_limit_total",
               "Requests refused because the state of a limit was not known."},
    CounterRow{ShardCount::limits_failed_open, "headrace_limits_failed_open_total",
               "Limits left out because their state was not known."},
    CounterRow{ShardCount::soft_limits_exceeded, "headrace_soft_limits_exceeded_total",
               "Times that a soft limit was exceeded."},
    CounterRow{ShardCount::budget_warnings, "headrace_budget_warnings_total",
               "Times that a share of a budget was passed that its operator wants to hear of."},
    CounterRow{ShardCount::caps_written, "headrace_output_caps_written_total",
               "Requests into which a cap of their output was written."},
    CounterRow{ShardCount::answers_cut, "headrace_answers_cut_total",
               "Streams that the gateway ended because their reservation was used up."},
    CounterRow{ShardCount::reserve_overruns, "headrace_reserve_overrun_total",
               "Requests that used more of a hard limit than they had reserved."},
    CounterRow{ShardCount::tokens_overrun, "headrace_reserve_overrun_tokens_total",
               "Tokens used beyond what was reserved."},
    CounterRow{ShardCount::micro_usd_overrun, "headrace_reserve_overrun_micro_usd_total",
               "Micro-USD spent beyond what was reserved."},
    CounterRow{
        ShardCount::targets_passed_over, "headrace_targets_passed_over_total",
        "Targets without room by limits of ours, in whose place another one was looked for."},
    CounterRow{
        ShardCount::queue_refused, "headrace_queue_refused_total",
        "Requests refused at once, as their turn would have come too late or too many wait."},
    CounterRow{ShardCount::queue_expired, "headrace_queue_expired_total",
               "Requests refused after they had waited as long as they may."},
    CounterRow{ShardCount::cache_hits, "headrace_cache_hits_total",
               "Requests answered from the cache."},
    CounterRow{ShardCount::cache_misses, "headrace_cache_misses_total",
               "Requests that found no answer in the cache."},
    CounterRow{ShardCount::cache_bypasses, "headrace_cache_bypasses_total",
               "Requests on routes with a cache that did not use it."},
    CounterRow{ShardCount::cache_waits, "headrace_cache_coalesced_total",
               "Requests answered by what another one was fetching."},
    CounterRow{ShardCount::cache_answers_kept, "headrace_cache_fills_total",
               "Answers kept in the cache."},
    CounterRow{ShardCount::cache_answers_unfit, "headrace_cache_unfit_total",
               "Answers not kept: errors, cut ones, refusals."},
    CounterRow{ShardCount::cache_answers_dropped, "headrace_cache_dropped_total",
               "Answers not kept: too large, or no room."},
    CounterRow{ShardCount::limits_closed, "headrace_limits_closed_total",
               "Limits closed because their words in shared memory are damaged."},
    CounterRow{ShardCount::limit_clock_overwritten, "headrace_limit_clock_overwritten_total",
               "Times that the clock that days and months go by was damaged in shared memory."},
};
static_assert(kCounterRows.size() == static_cast<std::size_t>(ShardCount::count),
              "every counter has its row");

void counter(std::string& out, std::string_view name, std::string_view help, std::uint64_t value) {
  write_metric_head(out, name, help, "counter");
  fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

template <class Value>
void gauge(std::string& out, std::string_view name, std::string_view help, Value value) {
  write_metric_head(out, name, help, "gauge");
  fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

void histogram(std::string& out, std::string_view name, std::string_view help,
               const core::Histogram& values) {
  constexpr std::array<double, 16> kSeconds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                               0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                               1,      5,       30,     120};
  write_metric_head(out, name, help, "histogram");
  for (const double bound : kSeconds) {
    fmt::format_to(std::back_inserter(out), "{}_bucket{{le=\"{}\"}} {}\n", name, bound,
                   values.count_up_to(static_cast<std::uint64_t>(bound * 1e9)));
  }
  fmt::format_to(std::back_inserter(out), "{}_bucket{{le=\"+Inf\"}} {}\n{}_sum {}\n{}_count {}\n",
                 name, values.count(), name, static_cast<double>(values.sum()) / 1e9, name,
                 values.count());
}

std::int64_t sum(const Fleet& fleet, core::Gauge ShardGauges::* which) {
  std::int64_t total = 0;
  for (const FleetShard& shard : fleet.shards)
    total += (shard.counters->gauges.*which).value();
  return total;
}

core::Histogram& merged(const Fleet& fleet, core::Histogram ShardCounters::* which) {
  // Too large for a stack; one page at a time is asked for.
  thread_local core::Histogram total;
  std::destroy_at(&total);
  std::construct_at(&total);
  for (const FleetShard& shard : fleet.shards)
    total.merge(shard.counters->*which);
  return total;
}

void write_cache(std::string& out, const Fleet& fleet) {
  std::int64_t entries = 0;
  std::int64_t blocks = 0;
  std::uint64_t evicted = 0;
  std::uint64_t expired = 0;
  for (const FleetShard& shard : fleet.shards) {
    if (shard.cache == nullptr) continue;
    entries += shard.cache->entries.value();
    blocks += shard.cache->blocks.value();
    evicted += shard.cache->evicted.value();
    expired += shard.cache->expired.value();
  }
  gauge(out, "headrace_cache_entries", "Answers in the cache.", entries);
  gauge(out, "headrace_cache_bytes", "What they take of its memory, in whole blocks.",
        blocks * static_cast<std::int64_t>(core::kCacheBlockBytes));
  counter(out, "headrace_cache_evictions_total", "Answers that went for want of room.", evicted);
  counter(out, "headrace_cache_expired_total", "Answers that went because their time was over.",
          expired);
}

struct JournalRow {
  core::Counter JournalStatistics::* which;
  std::string_view name;
  std::string_view help;
};

constexpr std::array kJournalRows = {
    JournalRow{&JournalStatistics::records, "headrace_journal_records_total",
               "Usage records written to the journal."},
    JournalRow{&JournalStatistics::intents, "headrace_journal_intents_total",
               "Intents written before their requests went upstream (billing: strict)."},
    JournalRow{&JournalStatistics::refusal_minutes, "headrace_journal_refusal_minutes_total",
               "Minutes of refusal counts written."},
    JournalRow{&JournalStatistics::pools, "headrace_journal_pools_total",
               "Amounts spent of calendar limits and credits, as they changed."},
    JournalRow{&JournalStatistics::bytes, "headrace_journal_bytes_total", "Bytes on the disk."},
    JournalRow{&JournalStatistics::segments, "headrace_journal_segments_total", "Segments begun."},
    JournalRow{&JournalStatistics::segments_removed, "headrace_journal_segments_removed_total",
               "Old segments removed, as the config says."},
    JournalRow{&JournalStatistics::write_failures, "headrace_journal_write_failures_total",
               "Writes and syncs that the disk refused; they are tried again."},
    JournalRow{&JournalStatistics::tail_bytes_dropped, "headrace_journal_tail_bytes_dropped_total",
               "Bytes behind the last whole frame of segments that dead processes left."},
    JournalRow{&JournalStatistics::records_recovered, "headrace_journal_records_recovered_total",
               "Partial records of requests that dead processes had under way."},
    JournalRow{&JournalStatistics::records_damaged, "headrace_journal_records_damaged_total",
               "Places in memory where records could not be read any more."},
};

void journal_metrics(const Fleet& fleet, std::string& out) {
  if (fleet.journal == nullptr) return;
  const JournalStatistics& journal = *fleet.journal;
  for (const JournalRow& row : kJournalRows)
    counter(out, row.name, row.help, (journal.*row.which).value());
  gauge(out, "headrace_journal_stalled", "1: the disk takes nothing, records wait in memory.",
        journal.stalled.value());
  gauge(out, "headrace_journal_waiting_bytes", "Records in memory that are not on the disk yet.",
        journal.waiting_bytes.value());
  gauge(out, "headrace_journal_lag_seconds", "Since all that waited was on the disk.",
        static_cast<double>(journal.lag_nanos.value()) / 1e9);
}

void log_metrics(const Fleet& fleet, std::string& out) {
  const auto lost = [](const core::Counter* lines) {
    return lines == nullptr ? 0 : lines->value();
  };
  counter(out, "headrace_access_log_lines_lost_total",
          "Access log lines that the disk or the reader of standard output did not take.",
          lost(fleet.access_lines_lost));
  counter(out, "headrace_audit_log_lines_lost_total", "Likewise lines of the audit log.",
          lost(fleet.audit_lines_lost));
}

std::string metrics(const Fleet& fleet) {
  std::string out;
  for (const CounterRow& row : kCounterRows) {
    std::uint64_t total = 0;
    for (const FleetShard& shard : fleet.shards)
      total += shard.counters->counts.value(row.which);
    counter(out, row.name, row.help, total);
  }
  gauge(out, "headrace_downstream_connections", "Connections of clients open now.",
        sum(fleet, &ShardGauges::downstream_connections));
  gauge(out, "headrace_upstream_connections", "Connections to providers open now.",
        sum(fleet, &ShardGauges::upstream_connections));
  gauge(out, "headrace_requests_in_flight",
        "Requests that have begun and not ended, the one for this page included.",
        sum(fleet, &ShardGauges::requests_in_flight));
  gauge(out, "headrace_streams_open", "Streamed answers under way.",
        sum(fleet, &ShardGauges::streams_open));
  gauge(out, "headrace_requests_queued", "Requests that wait for a target with room.",
        sum(fleet, &ShardGauges::requests_queued));
  write_cache(out, fleet);
  gauge(out, "headrace_config_generation", "Configs taken over since the start.",
        fleet.config_generation.load());
  counter(out, "headrace_config_reloads_failed_total", "Configs refused since the start.",
          fleet.config_reloads_failed.load());
  if (fleet.limits.header != nullptr) write_limit_metrics(out, fleet.limits);
  log_metrics(fleet, out);
  journal_metrics(fleet, out);
  histogram(out, "headrace_request_duration_seconds", "From a request's head to its answer's end.",
            merged(fleet, &ShardCounters::request_nanos));
  histogram(out, "headrace_first_byte_seconds",
            "From a request being sent upstream to the first byte of its answer.",
            merged(fleet, &ShardCounters::first_byte_nanos));
  histogram(out, "headrace_queue_wait_seconds",
            "How long requests have waited for a target with room that then had it.",
            merged(fleet, &ShardCounters::queue_nanos));
  write_metric_head(out, "headrace_turn_seconds_max", "The longest turn of each shard.", "gauge");
  for (std::size_t i = 0; i < fleet.shards.size(); ++i) {
    fmt::format_to(std::back_inserter(out), "headrace_turn_seconds_max{{shard=\"{}\"}} {}\n", i,
                   static_cast<double>(fleet.shards[i].statistics->turn_nanos.maximum()) / 1e9);
  }
  write_metric_head(out, "headrace_build_info", "The build.", "gauge");
  fmt::format_to(std::back_inserter(out), "headrace_build_info{{version=\"{}\"}} 1\n",
                 HEADRACE_VERSION);
  if (fleet.process != nullptr) write_process_metrics(out, *fleet.process);
  return out;
}

}  // namespace

AdminPage admin_page(std::string_view path, const Fleet& fleet, const TargetStates& targets,
                     core::Instant now, bool metrics_served) {
  AdminPage page;
  if (path == "/health" || path == "/healthz") {
    page.status = 200;
    page.body = "ok\n";
  } else if (path == "/ready" || path == "/readyz") {
    const bool ready = fleet.ready.load() && !fleet.draining.load();
    page.status = ready ? 200 : 503;
    page.body = ready ? "ready\n" : (fleet.draining.load() ? "draining\n" : "starting\n");
  } else if (path == "/metrics" && metrics_served) {
    page.status = 200;
    page.content_type = "text/plain; version=0.0.4; charset=utf-8";
    page.body = metrics(fleet);
    write_provider_metrics(page.body, targets, now);
  } else if (path == "/providers" && metrics_served) {
    page.status = 200;
    page.body = provider_page(targets, now);
  } else {
    page.body = "There is no such page. There are /health, /ready, /metrics and /providers.\n";
  }
  return page;
}

}  // namespace headrace::net
