#include "net/data_plane_shard.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/fleet.h"
#include "net/proxy/exchange.h"
#include "net/proxy/request_message.h"
#include "net/shard_message.h"

namespace headrace::net {

namespace config = policy::config;

DataPlaneShard::DataPlaneShard(std::uint32_t number, std::unique_ptr<core::Io> io,
                               core::Mailbox* mailbox,
                               std::shared_ptr<const ConfigSnapshot> snapshot,
                               core::BodyBudget& budget, core::Attendant<NameWork>* names,
                               const Fleet* fleet, const Options& options)
    : shard_(number, std::move(io), mailbox, *this, options.shard),
      context_(shard_.io(), shard_.timers(), number, options.capacity, budget,
               static_cast<std::size_t>(snapshot->view().settings().http.body_bytes_max)),
      limits_(context_),
      names_(names),
      listeners_(context_),
      commands_(kCommandsMax) {
  context_.fleet = fleet;
  context_.small_buffer_bytes = options.small_buffer_bytes;
  context_.small_buffers = options.small_buffers;
  context_.bulk_buffers = options.bulk_buffers;
  context_.small_buffers_scarce = options.small_buffers / 2;
  context_.small_buffers_short = options.small_buffers - options.small_buffers / 4;
  if (options.cache != nullptr) {
    cache_ = std::make_unique<ShardCache>(*options.cache, number, shard_.io(), mailbox,
                                          context_.counters, options.cache_limits);
    context_.cache = cache_.get();
  }
  if (snapshot->view().settings().access_log.output != config::LogOutput::off) {
    context_.access_log = &access_log_;
  }
  if (snapshot->view().settings().audit.output != config::LogOutput::off) {
    context_.audit_log = &audit_log_;
  }
  if (options.limits.header != nullptr) {
    context_.limits.emplace(options.limits, options.incarnation, number);
    context_.limit_clock.emplace(*options.limits.header);
    context_.budget_notices = options.budget_notices;
  }
  if (options.queues != nullptr && context_.limits) {
    queue_ = std::make_unique<ShardQueue>(*options.queues, context_, mailbox, options.queue_limits);
    context_.queue = queue_.get();
    context_.limits->tell(*queue_);
  }
  take_config(std::move(snapshot));
}

DataPlaneShard::~DataPlaneShard() {
  limits_.end();
}

void DataPlaneShard::keep_records(const policy::RecordSource& source,
                                  const policy::ShardRecordAreas& areas, LogBell* bell) {
  record_keeper_ = std::make_unique<RecordKeeper>(source, areas, bell);
  context_.record_keeper = record_keeper_.get();
}

// --- turns ---------------------------------------------------------------------------------------

void DataPlaneShard::on_start(core::Shard&) {
  limits_.on_start();
  listeners_.start();
  ask_for_names(*context_.config);
  if (shard_.number() == kHealthShard) context_.config->start_health_checks();
}

void DataPlaneShard::on_message(const core::Message& message) {
  if (queue_ != nullptr && is_in_range(message.kind, kQueueMessages)) {
    queue_->on_message(message);
    return;
  }
  HEADRACE_CHECK(cache_ != nullptr && is_in_range(message.kind, kCacheMessages));
  cache_->on_message(message);
}

bool DataPlaneShard::on_turn(core::Instant) {
  while (UpstreamPool* pool = context_.returning_pools.pop_front())
    pool->settle_returns();
  bool left_over = false;
  if (!context_.starved.empty()) left_over = retry_starved();
  if (context_.tls_waiting.on_turn()) left_over = true;
  if (!context_.run_queue.empty()) run_queue();
  if (record_keeper_ != nullptr) record_keeper_->on_turn();
  if (!commands_.consumer().empty()) take_commands();
  if (names_ != nullptr && names_->unanswered(shard_.number()) > 0) take_names();
  // Behind all that may say something to them, and each to the other.
  if (queue_ != nullptr && queue_->on_turn()) left_over = true;
  if (cache_ != nullptr && cache_->on_turn()) left_over = true;
  if (queue_ != nullptr && queue_->has_messages()) left_over = true;
  if (draining_ || listeners_.any_draining() || configs_.size() > 1) let_go();
  limits_.on_turn();
  if (core::planted(core::PlantedBug::turn_not_asked_for)) return false;
  return left_over || !context_.run_queue.empty();
}

bool DataPlaneShard::retry_starved() {
  const core::Io& io = *context_.io;
  return context_.starved.retry(
      context_.small_buffers - io.buffers_leased(core::BufferGroup::small),
      context_.bulk_buffers - io.buffers_leased(core::BufferGroup::bulk), context_.now());
}

void DataPlaneShard::run_queue() {
  // Who asks for another turn meanwhile gets it in another turn.
  core::IntrusiveList<Exchange, RunQueueTag> due;
  due.take_all(context_.run_queue);
  for (std::size_t i = 0; i < kRunQueuePerTurn; ++i) {
    Exchange* exchange = due.pop_front();
    if (exchange == nullptr) return;
    exchange->on_turn();
  }
  due.take_all(context_.run_queue);
  context_.run_queue.take_all(due);
}

void DataPlaneShard::on_second(core::Instant) {
  limits_.on_second();
  constexpr std::size_t kReleaseBytesMax = 4 * 1024 * 1024;
  context_.bodies.release_idle(kReleaseBytesMax);
  ask_for_names(*context_.config);
  if (record_keeper_ != nullptr) {
    record_keeper_->records().refusals().seal(context_.io->wall_now().unix_nanos);
  }
}

// --- commands ------------------------------------------------------------------------------------

bool DataPlaneShard::command(ShardCommand command) {
  if (!commands_.producer().push(command)) return false;
  shard_.wake();
  return true;
}

void DataPlaneShard::take_commands() {
  ShardCommand command;
  while (commands_.consumer().pop(command)) {
    switch (command.kind) {
      case ShardCommandKind::reload: {
        const std::unique_ptr<std::shared_ptr<const ConfigSnapshot>> snapshot(command.snapshot);
        take_config(std::move(*snapshot));
        listeners_.match();
        ask_for_names(*context_.config);
        if (shard_.number() == kHealthShard) context_.config->start_health_checks();
        reloads_done_.fetch_add(1);
        break;
      }
      case ShardCommandKind::drain:
        draining_ = context_.draining = true;
        listeners_.drain_clients();
        break;
      case ShardCommandKind::leave_pages:
        listeners_.drain_operators();
        break;
      case ShardCommandKind::close:
        draining_ = context_.draining = context_.closing = true;
        listeners_.drain_clients();
        listeners_.drain_operators();
        listeners_.close_connections();
        break;
    }
  }
}

void DataPlaneShard::take_config(std::shared_ptr<const ConfigSnapshot> snapshot) {
  if (context_.config != nullptr) context_.config->retire();
  configs_.push_back(
      std::make_unique<ShardConfig>(context_, std::move(snapshot), ++config_number_));
  context_.config = configs_.back().get();
}

void DataPlaneShard::let_go() {
  std::erase_if(configs_,
                [&](const auto& each) { return each.get() != context_.config && each->quiet(); });
  listeners_.let_go();
  // Whoever asks for an operator's page is told to the end that it drains.
  if (!draining_ || !listeners_.only_operators()) return;
  if (!context_.config->retired()) context_.config->retire();
  const bool quiet =
      (cache_ == nullptr || cache_->quiet()) && (queue_ == nullptr || queue_->quiet());
  if (context_.upstreams.in_use() != 0 || configs_.size() != 1 || !quiet) return;
  // The pages speak for all shards: they stay until the last one has nothing left to do.
  if (!listeners_.empty() && !context_.closing && !others_ended()) return;
  listeners_.drain_operators();
  if (!listeners_.empty()) return;
  limits_.end();
  ended_.store(true);
}

bool DataPlaneShard::others_ended() const {
  if (context_.fleet == nullptr) return true;
  const std::vector<FleetShard>& shards = context_.fleet->shards;
  return std::ranges::all_of(shards, [this](const FleetShard& each) {
    return each.ended == nullptr || each.ended == &ended_ || each.ended->load();
  });
}

// --- names ---------------------------------------------------------------------------------------

void DataPlaneShard::ask_for_names(ShardConfig& config) {
  if (names_ == nullptr) return;
  for (const ProviderLink& provider : config.snapshot().providers()) {
    if (!config.wants_addresses(provider.index)) continue;
    NameRequest request;
    request.config = config.number();
    request.provider = provider.index;
    request.port = config.connect_port(provider);
    const std::string_view host = config.connect_host(provider);
    std::copy_n(host.begin(), std::min(host.size(), kHostBytesMax - 1), request.host.begin());
    if (!names_->ask(shard_.number(), request)) return;  // tried again in a second
    config.asked_for_addresses(provider.index);
  }
}

void DataPlaneShard::take_names() {
  constexpr std::size_t kRepliesPerTurn = 16;
  names_->take_replies(shard_.number(), kRepliesPerTurn, [&](const NameReply& reply) {
    for (const auto& each : configs_) {
      if (each->number() != reply.config) continue;
      each->take_addresses(reply.provider, {reply.addresses.data(), reply.count},
                           std::chrono::seconds(reply.holds_seconds));
    }
  });
}

}  // namespace headrace::net
