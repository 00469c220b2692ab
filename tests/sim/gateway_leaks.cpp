// What the gateway should have given back and did not, and what it should be doing and does not.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/check.h"
#include "net/edge/downstream_connection.h"
#include "net/proxy/exchange.h"
#include "net/proxy/request_message.h"
#include "net/proxy/silent_call.h"
#include "net/proxy/target_hold.h"
#include "net/shard_config.h"
#include "net/upstream/upstream_connection.h"
#include "policy/quota/limit_chain.h"
#include "policy/resilience/breaker_word.h"
#include "tests/sim/gateway.h"
#include "tests/sim/limit_sums.h"
#include "tests/sim/world.h"

namespace headrace::sim {

namespace config = policy::config;

std::vector<std::string> Gateway::leaks() {
  std::vector<std::string> found = journal_.complaints();
  audit_.take();
  // Where the second call answered the first one is told of, as what it came to.
  if (journal_.beaten() < count(net::ShardCount::hedges_won)) {
    found.push_back(fmt::format("{} calls were beaten, the records tell of {}",
                                count(net::ShardCount::hedges_won), journal_.beaten()));
  }
  const auto expect = [&](std::string_view what, std::uint64_t left, std::uint64_t expected = 0) {
    if (left != expected) found.push_back(fmt::format("{} left: {}", what, left - expected));
  };
  std::int64_t blocks = 0;
  std::int64_t entries = 0;
  for (const auto& shard : shards_) {
    net::ShardContext& context = shard->context();
    expect("client connections", context.downstreams.in_use());
    expect("provider connections", context.upstreams.in_use());
    expect("exchanges", context.exchanges.in_use());
    expect("requests held", context.messages.in_use());
    expect("decisions noted", context.decision_trails.in_use());
    expect("calls beside another", context.silent_calls.in_use());
    expect("requests under way at targets", context.config->targets().outstanding());
    expect("head blocks", context.head_blocks.in_use());
    expect("TLS blocks", context.tls_blocks.in_use());
    expect("bodies", context.bodies.in_use());
    expect("small buffers", context.io->buffers_leased(core::BufferGroup::small));
    expect("bulk buffers", context.io->buffers_leased(core::BufferGroup::bulk));
    expect("operations", context.io->operations_in_flight());
    expect("timers", context.timers->armed(), 1);  // its second
    expect("starved transports", context.starved.empty() ? 0U : 1U);
    expect("queued exchanges", context.run_queue.empty() ? 0U : 1U);
    if (const net::ShardCache* cache = shard->cache(); cache != nullptr) {
      expect("seats in flights", cache->seats());
      expect("flights", cache->flights());
      blocks += cache->statistics().blocks.value();
      entries += cache->statistics().entries.value();
    }
    if (const net::ShardQueue* queue = shard->queue(); queue != nullptr) {
      expect("seats in queues", queue->seats());
      expect("requests at a desk", queue->waiting_at_desk());
    }
    expect("limits of targets held", context.target_holds.in_use());
    for (const auto& [name, gauge] :
         {std::pair{"connections by gauge", &context.counters.gauges.downstream_connections},
          std::pair{"provider connections by gauge", &context.counters.gauges.upstream_connections},
          std::pair{"requests by gauge", &context.counters.gauges.requests_in_flight},
          std::pair{"streams by gauge", &context.counters.gauges.streams_open},
          std::pair{"queued requests by gauge", &context.counters.gauges.requests_queued}}) {
      expect(name, static_cast<std::uint64_t>(gauge->value()));
    }
  }
  for (std::size_t i = 0; queues_ != nullptr && i < queues_->slots.size(); ++i) {
    expect("waiting requests that shards know of", queues_->slots[i].waiting.load());
    expect("words of returned credit", queues_->slots[i].told.load() ? 1 : 0);
  }
  for (const core::TargetSlot& slot : target_slots_) {
    const auto word = policy::BreakerWord::unpacked(slot.word.load());
    HEADRACE_CHECK(word.has_value(), "a breaker's word is corrupt");
    expect("probes of a breaker", word->probes);
  }
  if (cache_ != nullptr) {
    expect("the cache's blocks", cache_->store.memory().blocks_taken(),
           static_cast<std::uint64_t>(blocks));
    expect("the cache's entries", cache_->store.memory().entries_taken(),
           static_cast<std::uint64_t>(entries));
  }
  expect("descriptors", world_.descriptors_open());
  expect("requests without exactly one record",
         count(net::ShardCount::responses_2xx) + count(net::ShardCount::responses_4xx) +
             count(net::ShardCount::responses_5xx),
         count(net::ShardCount::requests));
  for (const std::string& wrong : limits_amiss())
    found.push_back(wrong);
  return found;
}

template <class Whose>
std::int64_t Gateway::used_of(const Whose& whose, config::LimitMeasure measure) const {
  net::ShardContext& context = shards_.front()->context();
  policy::CalendarWindows windows;
  for (const auto stage : {policy::QuotaStage::admit, policy::QuotaStage::reserve}) {
    policy::LimitChain chain;
    policy::chain_limits({.config = &snapshot_->view(),
                          .windows = &windows,
                          .stage = stage,
                          .model = {},
                          .now = context.limit_time()},
                         whose, chain);
    for (const policy::ChainedLimit& limit : chain.limits()) {
      if (limit.rule->measure != measure) continue;
      const auto reading = context.limits->read(limit.terms, context.limit_time());
      return reading.limit - reading.remaining + reading.debt;
    }
  }
  return -1;
}

std::int64_t Gateway::used_of_provider(std::size_t index, config::LimitMeasure measure) const {
  return used_of(snapshot_->view().providers()[index], measure);
}

std::int64_t Gateway::used_of_key(std::string_view name, config::LimitMeasure measure) const {
  return used_of(snapshot_->view().scopes().caller(key_named(name)), measure);
}

const config::ApiKey& Gateway::key_named(std::string_view name) const {
  const config::ConfigView& view = snapshot_->view();
  const auto keys = view.keys();
  const auto found = std::ranges::find_if(
      keys, [&](const config::ApiKey& key) { return view.scopes().name(key) == name; });
  HEADRACE_CHECK(found != keys.end(), "there is such a key");
  return *found;
}

// What was taken of limits and not given back, or counted otherwise than it was charged.
std::vector<std::string> Gateway::limits_amiss() const {
  const core::LimitMemory& memory =
      (options_.limits != nullptr ? *options_.limits : limits_).memory();
  std::vector<std::string> found = sums_amiss(memory);
  net::ShardContext& context = shards_.front()->context();
  const config::ConfigView& view = snapshot_->view();
  policy::CalendarWindows windows;
  const auto expect = [&](std::string_view what, std::int64_t used, std::uint64_t expected) {
    if (std::cmp_not_equal(used, expected)) {
      found.push_back(fmt::format("{}: {} by the limit, {} charged", what, used, expected));
    }
  };
  for (const auto stage : {policy::QuotaStage::admit, policy::QuotaStage::reserve}) {
    policy::LimitChain chain;
    // Where others ask too, what is charged is not this one's alone.
    if (view.keys().size() == 1) {
      policy::chain_limits({.config = &view,
                            .windows = &windows,
                            .stage = stage,
                            .model = {},
                            .now = context.limit_time()},
                           view.scopes().caller(view.keys().front()), chain);
    }
    for (const config::Route& route : view.routes())
      policy::chain_limits({.config = &view,
                            .windows = &windows,
                            .stage = stage,
                            .model = {},
                            .now = context.limit_time()},
                           route, chain);
    for (const policy::ChainedLimit& limit : chain.limits()) {
      const auto reading = context.limits->read(limit.terms, context.limit_time());
      const std::int64_t used = reading.limit - reading.remaining + reading.debt;
      if (reading.closed) found.push_back("a limit is closed");
      if (limit.rule->measure == config::LimitMeasure::concurrent) {
        expect("requests at one time", used, 0);
      } else if (limit.rule->measure == config::LimitMeasure::tokens) {
        expect("tokens", used, count(net::ShardCount::tokens_charged));
      } else if (limit.rule->measure == config::LimitMeasure::micro_usd) {
        expect("micro-USD", used, count(net::ShardCount::micro_usd_charged));
      } else if (std::cmp_greater(used, count(net::ShardCount::requests))) {
        found.push_back("more requests than there were");
      }
    }
    expect("limits held", context.quota_holds.in_use(), 0);
  }
  // Where each request counts for one limit of these measures, all that was charged was settled.
  if (view.keys().size() == 1 && options_.provider_limits.empty()) {
    const auto settled = [&](config::LimitMeasure measure) {
      return static_cast<std::int64_t>(
          limit_sums(memory, core::WindowKind::calendar, static_cast<std::uint8_t>(measure))
              .settled);
    };
    expect("tokens settled", settled(config::LimitMeasure::tokens),
           count(net::ShardCount::tokens_charged) - count(net::ShardCount::tokens_overrun));
    expect("micro-USD settled", settled(config::LimitMeasure::micro_usd),
           count(net::ShardCount::micro_usd_charged) - count(net::ShardCount::micro_usd_overrun));
  }
  return found;
}

std::string Gateway::state() const {
  std::string text;
  for (const auto& shard : shards_) {
    net::ShardContext& context = shard->context();
    text += fmt::format(
        "shard {}: {} client, {} provider connections, {} messages, {} small, {} bulk buffers, {} "
        "operations;",
        context.number, context.downstreams.in_use(), context.upstreams.in_use(),
        context.messages.in_use(), context.io->buffers_leased(core::BufferGroup::small),
        context.io->buffers_leased(core::BufferGroup::bulk), context.io->operations_in_flight());
    context.exchanges.for_each([&](net::Exchange& exchange) {
      text +=
          fmt::format(" {}", net::kExchangeStateNames[static_cast<std::size_t>(exchange.state())]);
    });
    text += "\n";
  }
  return text;
}

std::string Gateway::sleeps_on_work() const {
  for (const auto& shard : shards_) {
    net::ShardContext& context = shard->context();
    if (!context.run_queue.empty()) return "a body waits to be judged";
    if (!context.returning_pools.empty()) return "connections wait to be given out";
    for (const core::BufferGroup group : {core::BufferGroup::small, core::BufferGroup::bulk}) {
      if (context.starved.any_waits_for(group) && context.io->buffers_leased(group) == 0) {
        return "a receive waits for buffers, and all are free";
      }
    }
  }
  return {};
}

}  // namespace headrace::sim
