// What operators are told of a request at its end: counters, and a line of the access log.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "net/edge/downstream_connection.h"
#include "net/log/access_log.h"
#include "net/proxy/exchange_report.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

namespace {

constexpr std::size_t kTriesBytesMax = 255;

// "first/a 429 rate_limited 12ms; second 200 answered 480ms", cut where it does not fit.
std::string_view write_tries(const AttemptLog& tries, std::span<const ProviderLink> providers,
                             std::span<char, kTriesBytesMax> room) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < tries.count; ++i) {
    const policy::Attempt& entry = tries.made[i];
    const ProviderLink& provider = providers[entry.provider];
    const std::string_view key = provider.keys[entry.key].name;
    const auto written =
        fmt::format_to_n(room.data() + used, room.size() - used, "{}{}{}{} {} {} {}ms",
                         used > 0 ? "; " : "", provider.name, key.empty() ? "" : "/", key,
                         entry.status, policy::row(entry.end).name, entry.duration_ms);
    used = std::min(used + written.size, room.size());
    if (entry.cost_micro_usd == 0) continue;
    const auto cost = fmt::format_to_n(room.data() + used, room.size() - used, " ~{} micro-USD",
                                       entry.cost_micro_usd);
    used = std::min(used + cost.size, room.size());
  }
  return {room.data(), used};
}

}  // namespace

void ExchangeReport::count_outcome() {
  ShardCounters& counters = shard_->counters;
  counters.request_nanos.record(
      static_cast<std::uint64_t>((shard_->now() - request_.begun_at).count()));
  if (status_ >= 500) {
    counters.add(ShardCount::responses_5xx);
    if (answer_.local) counters.add(ShardCount::requests_failed);
  } else if (status_ >= 400) {
    counters.add(ShardCount::responses_4xx);
    if (answer_.local) counters.add(ShardCount::requests_refused);
  } else {
    counters.add(ShardCount::responses_2xx);
  }
  if (!answer_.body.meter().active()) return;
  counters.add(ShardCount::answers_metered);
  counters.add(ShardCount::tokens_in, static_cast<std::uint64_t>(usage_.in_total()));
  counters.add(ShardCount::tokens_out, static_cast<std::uint64_t>(usage_.out_total()));
  if (const auto* stream = answer_.body.meter().stream()) {
    counters.add(ShardCount::stream_events, stream->events());
  }
}

// A flood of refusals has no line each: all are counted.
bool ExchangeReport::is_left_out_of_log() {
  const bool refused = answer_.local && status_ >= 400 && tries_.requests_sent == 0;
  if (!refused) return false;
  const std::uint32_t most = config_->view().settings().access_log.refusals_per_second;
  const std::int64_t second = shard_->io->wall_now().unix_nanos / 1'000'000'000;
  if (shard_->refusal_sampling.takes(second, most)) return false;
  shard_->counters.add(ShardCount::refusals_left_out);
  return true;
}

void ExchangeReport::write_log_line() {
  const policy::config::ConfigView& view = config_->view();
  const std::span<const ProviderLink> providers = config_->snapshot().providers();
  AccessRecord line;
  line.ended_at = shard_->io->wall_now();
  line.duration = shard_->now() - request_.begun_at;
  line.time_to_first_byte = answer_.first_byte_at == core::Instant{}
                                ? core::Duration::zero()
                                : answer_.first_byte_at - request_.begun_at;
  line.waited = wait_.so_far;
  line.bytes_in = bytes_in_;
  line.bytes_out = answer_.body_bytes();
  line.usage = usage_;
  line.status = status_;
  line.shard = shard_->number;
  line.attempts = tries_.requests_sent;
  line.method = request_.method;
  line.endpoint = request_.match.endpoint;
  line.failure = failure_;
  line.local = answer_.local;
  line.streamed = answer_.streaming;
  line.cut = answer_.cut;
  line.request_id = request_.id.text();
  line.path = request_.path.text();
  line.model = request_.model.text();
  if (caller_.known()) line.tenant = view.text(caller_.tenant->name);
  if (caller_.key != nullptr) line.key = view.scopes().name(*caller_.key);
  if (tries_.requests_sent > 0) line.provider = providers[call_.provider].name;
  if (answer_.local && status_ >= 400) line.code = policy::row(reason_).code;
  std::array<char, kTriesBytesMax> tries;
  if (tries_.count > 1) line.tries = write_tries(tries_, providers, tries);
  line.peer = downstream_->peer();
  line.user = request_.user.text();
  line.limit = limit_;
  line.refusals_left_out = shard_->refusal_sampling.take_left_out();
  if (!shard_->access_log->write(line)) shard_->counters.add(ShardCount::log_lines_dropped);
}

}  // namespace headrace::net
