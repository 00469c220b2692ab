#include "net/data_plane_shard.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "core/check.h"
#include "core/event_log.h"
#include "core/planted_bug.h"
#include "net/proxy/exchange.h"
#include "net/proxy/request_message.h"
#include "net/shard_message.h"

namespace headrace::net {

namespace {

bool is_operators(const std::unique_ptr<Listener>& listener) {
  return listener->link().role == ListenerRole::admin;
}

}  // namespace

namespace config = policy::config;

DataPlaneShard::DataPlaneShard(std::uint32_t number, std::unique_ptr<core::Io> io,
                               core::Mailbox* mailbox,
                               std::shared_ptr<const ConfigSnapshot> snapshot,
                               core::BodyBudget& budget, core::Attendant<NameWork>* names,
                               const Fleet* fleet, const Options& options)
    : shard_(number, std::move(io), mailbox, *this, options.shard),
      context_(shard_.io(), shard_.timers(), number, options.capacity, budget,
               static_cast<std::size_t>(snapshot->view().settings().http.body_bytes_max)),
      names_(names),
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
  limits_due_.bind<&DataPlaneShard::tend_limits>(this);
  take_config(std::move(snapshot));
}

DataPlaneShard::~DataPlaneShard() {
  limits_due_.clear(*context_.timers);
  if (context_.limits) context_.limits->give_back_shares();
}

void DataPlaneShard::keep_records(const policy::RecordSource& source,
                                  const policy::ShardRecordAreas& areas, LogBell* bell) {
  record_keeper_ = std::make_unique<RecordKeeper>(source, areas, bell);
  context_.record_keeper = record_keeper_.get();
}

// --- listeners -----------------------------------------------------------------------------------

std::expected<void, std::string> DataPlaneShard::listen(const DataPlaneShard* first) {
  const ConfigSnapshot& snapshot = context_.config->snapshot();
  const config::ConfigView& view = snapshot.view();
  for (std::size_t i = 0; i < view.listeners().size(); ++i) {
    const config::Listener& row = view.listeners()[i];
    // The first shard opens all of them, in this order.
    const std::string address(view.text(row.address));
    if (first != nullptr && first->listeners_[i]->port() == 0) {
      // A path cannot be bound twice: all shards accept from one socket.
      auto shared = context_.io->share_listener(first->listeners_[i]->socket());
      if (!shared) {
        return std::unexpected(
            fmt::format("listener {}: out of descriptors for all shards: raise "
                        "the limit of open files",
                        address));
      }
      listeners_.push_back(
          std::make_unique<Listener>(context_, address, *shared, snapshot.listener(i)));
      continue;
    }
    const std::uint16_t port = first == nullptr ? std::uint16_t{0} : first->listeners_[i]->port();
    if (auto opened =
            open_listener(address, snapshot.listener(i), static_cast<int>(row.backlog), port);
        !opened) {
      return opened;
    }
  }
  // The admin pages are served by one shard; they speak for all.
  const std::string admin(view.text(view.settings().admin.address));
  if (shard_.number() == kAdminShard && !admin.empty()) {
    return open_listener(admin, snapshot.admin_listener(), kAdminBacklog);
  }
  return {};
}

std::expected<void, std::string> DataPlaneShard::open_listener(const std::string& address,
                                                               const ListenerLink& link,
                                                               int backlog,
                                                               std::uint16_t port_given) {
  auto parsed = core::SocketAddress::parse(address);
  if (!parsed) return std::unexpected(fmt::format("listener {}: {}", address, parsed.error()));
  // Shards share a port, but not a path, nor a port that each would be given another of: the first
  // one serves it.
  if (!parsed->is_unix() && parsed->port() == 0) parsed->set_port(port_given);
  const bool shared = !parsed->is_unix() && parsed->port() != 0;
  if (!shared && shard_.number() != 0) return {};
  auto socket = context_.io->listen(*parsed, backlog);
  if (!socket) return std::unexpected(socket.error());
  listeners_.push_back(std::make_unique<Listener>(context_, address, *socket, link));
  return {};
}

std::vector<std::string> DataPlaneShard::listening_on() const {
  std::vector<std::string> addresses;
  addresses.reserve(listeners_.size());
  for (const auto& listener : listeners_)
    addresses.push_back(listener->local_address());
  return addresses;
}

// --- turns ---------------------------------------------------------------------------------------

void DataPlaneShard::on_start(core::Shard&) {
  if (context_.limits) observe_clock();
  for (const auto& listener : listeners_)
    listener->start();
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
  if (record_keeper_ != nullptr && record_keeper_->anybody_waits()) {
    record_keeper_->resume_synced();
  }
  if (!commands_.consumer().empty()) take_commands();
  if (names_ != nullptr && names_->unanswered(shard_.number()) > 0) take_names();
  // Behind all that may say something to them, and each to the other.
  if (queue_ != nullptr && queue_->on_turn()) left_over = true;
  if (cache_ != nullptr && cache_->on_turn()) left_over = true;
  if (queue_ != nullptr && queue_->has_messages()) left_over = true;
  if (draining_ || listeners_drain_ || configs_.size() > 1) let_go();
  if (context_.limits) limits_due_.set(*context_.timers, context_.limits->next_tending());
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

// Shares of limits that nobody asks for go back in time, so that other shards find them.
void DataPlaneShard::tend_limits() {
  if (limits_due_.expired(*context_.timers, context_.now())) {
    context_.limits->tend(context_.limit_time());
  }
}

// Said by the shard that has found it.
void DataPlaneShard::observe_clock() {
  if (context_.limit_clock->observe(context_.now(), context_.io->wall_now())) return;
  context_.counters.add(ShardCount::limit_clock_overwritten);
  HEADRACE_EVENT(error,
                 "the shared memory of the clock that days and months go by is damaged: they go by "
                 "the system's clock");
}

// Said once for each step, by one shard.
void DataPlaneShard::look_at_clock() {
  observe_clock();
  if (context_.number != 0) return;
  const auto step = context_.limit_clock->proposed_step();
  const bool news = step && !clock_step_told_;
  clock_step_told_ = step.has_value();
  if (!news) return;
  HEADRACE_EVENT(warning,
                 "the system's clock was set by {} s: limits go on with the former day until that "
                 "much time has passed, or `headracectl clock accept` says that it is right",
                 std::chrono::round<std::chrono::seconds>(*step).count());
}

void DataPlaneShard::on_second(core::Instant) {
  if (context_.limits) {
    look_at_clock();
    context_.limits->tend(context_.limit_time());
    const std::uint64_t closed = context_.limits->counts().limits_closed;
    if (closed != limits_closed_) {
      context_.counters.add(ShardCount::limits_closed, closed - limits_closed_);
      limits_closed_ = closed;
      HEADRACE_EVENT(error, "the shared memory of a limit is damaged: it is closed");
    }
  }
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
        match_listeners();
        ask_for_names(*context_.config);
        if (shard_.number() == kHealthShard) context_.config->start_health_checks();
        reloads_done_.fetch_add(1);
        break;
      }
      case ShardCommandKind::drain:
        draining_ = context_.draining = true;
        for (const auto& listener : listeners_)
          if (!is_operators(listener)) listener->drain();
        break;
      case ShardCommandKind::leave_pages:
        for (const auto& listener : listeners_)
          if (is_operators(listener)) listener->drain();
        break;
      case ShardCommandKind::close:
        draining_ = context_.draining = context_.closing = true;
        for (const auto& listener : listeners_) {
          listener->drain();
          listener->close_connections();
        }
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

// After a reload: listeners by their address. One that is gone drains, a new one is opened.
void DataPlaneShard::match_listeners() {
  const ConfigSnapshot& snapshot = context_.config->snapshot();
  const config::ConfigView& view = snapshot.view();
  std::vector<bool> found(view.listeners().size(), false);
  for (const auto& listener : listeners_) {
    // One that drains no longer listens; where its address has come back it is opened anew.
    if (listener->link().role == ListenerRole::admin || listener->draining()) continue;
    const auto same = std::ranges::find_if(view.listeners(), [&](const config::Listener& row) {
      return view.text(row.address) == listener->address();
    });
    if (same == view.listeners().end()) {
      listener->set_link(link_of_gone(listener->link(), view));
      drain(*listener);
      continue;
    }
    const auto index = static_cast<std::size_t>(same - view.listeners().begin());
    found[index] = true;
    if (core::planted(core::PlantedBug::tls_certificates_kept)) continue;
    listener->set_link(snapshot.listener(index));
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i]) continue;
    const config::Listener& row = view.listeners()[i];
    add_listener(std::string(view.text(row.address)), snapshot.listener(i),
                 static_cast<int>(row.backlog));
  }
  if (shard_.number() == kAdminShard) match_admin_listener();
}

// Who is still connected is served for what the listener was for, as far as that is still there.
ListenerLink DataPlaneShard::link_of_gone(ListenerLink link, const config::ConfigView& view) {
  // Networks have no name to find them by: where some were asked for, nobody is served any more.
  link.serves_nobody = !link.ip_set.none();
  link.ip_set = {};
  if (link.policy_set_name.empty()) return link;
  const auto sets = view.access().policy_sets();
  const auto same = std::ranges::find_if(sets, [&](const config::PolicySet& set) {
    return view.text(set.name) == link.policy_set_name;
  });
  if (same == sets.end()) link.serves_nobody = true;
  link.policy_set = same == sets.end()
                        ? config::RowRef{}
                        : config::RowRef::to(static_cast<std::uint32_t>(same - sets.begin()));
  return link;
}

void DataPlaneShard::match_admin_listener() {
  const ConfigSnapshot& snapshot = context_.config->snapshot();
  const std::string address(snapshot.view().text(snapshot.view().settings().admin.address));
  for (const auto& listener : listeners_) {
    if (listener->link().role != ListenerRole::admin || listener->draining()) continue;
    if (listener->address() == address) {
      listener->set_link(snapshot.admin_listener());
      return;
    }
    drain(*listener);
  }
  if (!address.empty()) add_listener(address, snapshot.admin_listener(), kAdminBacklog);
}

void DataPlaneShard::add_listener(const std::string& address, const ListenerLink& link,
                                  int backlog) {
  const std::size_t before = listeners_.size();
  if (auto opened = open_listener(address, link, backlog); opened) {
    if (listeners_.size() > before) listeners_.back()->start();
  } else {
    HEADRACE_EVENT(error, "{}", opened.error());
  }
}

void DataPlaneShard::drain(Listener& listener) {
  listener.drain();
  listeners_drain_ = true;
}

void DataPlaneShard::let_go() {
  std::erase_if(configs_,
                [&](const auto& each) { return each.get() != context_.config && each->quiet(); });
  std::erase_if(listeners_, [](const auto& each) { return each->quiet(); });
  listeners_drain_ =
      std::ranges::any_of(listeners_, [](const auto& each) { return each->draining(); });
  // Whoever asks for an operator's page is told to the end that it drains.
  if (!draining_ || !std::ranges::all_of(listeners_, is_operators)) return;
  if (!context_.config->retired()) context_.config->retire();
  const bool quiet =
      (cache_ == nullptr || cache_->quiet()) && (queue_ == nullptr || queue_->quiet());
  if (context_.upstreams.in_use() != 0 || configs_.size() != 1 || !quiet) return;
  for (const auto& listener : listeners_)
    listener->drain();
  if (!listeners_.empty()) return;
  if (context_.limits) context_.limits->give_back_shares();
  limits_due_.clear(*context_.timers);
  ended_.store(true);
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
