#include "net/upstream/upstream_pool.h"

#include <algorithm>
#include <cerrno>

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

using std::chrono::milliseconds;

UpstreamPool::UpstreamPool(ShardContext& shard, ShardConfig& config, const ProviderLink& provider)
    : shard_(shard), config_(config), provider_(provider) {}

UpstreamConnection* UpstreamPool::acquire(UpstreamUser& user) {
  while (!idle_.empty()) {
    UpstreamConnection& connection = idle_.front();
    if (connection.expires_at() <= shard_.now()) {
      connection.close_idle();
      continue;
    }
    connection.attach(user);
    shard_.counters.add(ShardCount::upstream_reused);
    return &connection;
  }
  wait(user, waiting_);
  return nullptr;
}

void UpstreamPool::acquire_fresh(UpstreamUser& user) {
  // Where there is no room for another one, an idle one makes it.
  if (total_ >= provider_.row->pool.total_max && !idle_.empty()) make_place(idle_.front());
  wait(user, waiting_for_fresh_);
}

void UpstreamPool::wait(UpstreamUser& user, Waiting& list) {
  list.push_back(user);
  ++waiting_count_;
  start_connections();
}

void UpstreamPool::forget(UpstreamUser& user) {
  core::ListHook<UpstreamWaitTag>& hook = user;
  if (!hook.linked() || core::planted(core::PlantedBug::stale_waiter)) return;
  hook.unlink();
  --waiting_count_;
}

UpstreamFailure UpstreamPool::waited_for() const {
  if (config_.awaits_addresses(provider_.index)) return UpstreamFailure::no_address;
  // The connection's own deadline ends in the same moment as that of who waits for it.
  return connecting_ > 0 ? UpstreamFailure::connect_timeout : UpstreamFailure::pool_timeout;
}

void UpstreamPool::retire() {
  retired_ = true;
  while (!idle_.empty())
    idle_.front().close_idle();
}

void UpstreamPool::on_addresses() {
  if (config_.addresses(provider_.index).empty()) {
    fail_all(UpstreamFailure::no_address);
    return;
  }
  if (!core::planted(core::PlantedBug::names_unheard)) start_connections();
}

void UpstreamPool::start_connections() {
  if (config_.awaits_addresses(provider_.index)) return;
  while (connecting_ + returned_count_ < waiting_count_ && total_ < provider_.row->pool.total_max) {
    const UpstreamFailure failure = start_one();
    if (failure == UpstreamFailure::none) continue;
    if (failure == UpstreamFailure::descriptors && wait_for_place()) return;
    // Connections that are busy or on their way will serve those who wait, also who would rather
    // have had a fresh one. Where there are none nobody would ever come back to them.
    waiting_.take_all(waiting_for_fresh_);
    if (total_ == 0) fail_all(failure);
    return;
  }
}

// Another pool gives up a connection that it does not use; we hear of it when that has gone.
bool UpstreamPool::wait_for_place() {
  if (!shard_.config->give_up_idle_upstream() && !config_.give_up_idle_upstream()) return false;
  core::ListHook<HungryPoolTag>& hook = *this;
  if (!hook.linked()) shard_.hungry_pools.push_back(*this);
  return true;
}

bool UpstreamPool::give_up_idle() {
  if (idle_.empty()) return false;
  idle_.back().close_idle();
  return true;
}

UpstreamFailure UpstreamPool::start_one() {
  ProviderAddresses& addresses = config_.addresses(provider_.index);
  ProviderAddresses::Choice choice = addresses.choose(shard_.now());
  if (choice.address == nullptr) return UpstreamFailure::no_address;
  auto socket = shard_.io->open_socket(choice.address->family());
  // A kernel without IPv6 (or IPv4) cannot use such addresses; the others it can.
  while (!socket && socket.error() == -EAFNOSUPPORT) {
    if (!addresses.failed(choice.mark, shard_.now())) return UpstreamFailure::connect_refused;
    choice = addresses.choose(shard_.now());
    socket = shard_.io->open_socket(choice.address->family());
  }
  if (!socket) return UpstreamFailure::descriptors;
  UpstreamConnection* connection = shard_.upstreams.make(shard_, *this);
  if (connection == nullptr) {
    shard_.io->close_now(*socket);
    return UpstreamFailure::descriptors;
  }
  ++total_;
  ++connecting_;
  config_.add_user();
  shard_.counters.add(ShardCount::upstream_connections);
  shard_.counters.gauges.upstream_connections.add(1);
  // Whoever waits does so for connect_ms altogether: another address must still have its turn.
  const milliseconds timeout(provider_.row->timeouts.connect_ms);
  connection->connect(*socket, choice, choice.others_worthy ? timeout / 2 : timeout,
                      shard_.now() + milliseconds(provider_.row->pool.lifetime_ms));
  return UpstreamFailure::none;
}

void UpstreamPool::on_connected(const UpstreamConnection& connection) {
  --connecting_;
  config_.addresses(provider_.index).works(connection.address_mark_);
}

void UpstreamPool::give_back(UpstreamConnection& connection) {
  returned_.push_back(connection);
  ++returned_count_;
  core::ListHook<ReturningPoolTag>& hook = *this;
  if (!hook.linked()) shard_.returning_pools.push_back(*this);
}

void UpstreamPool::settle_returns() {
  while (UpstreamConnection* connection = returned_.pop_front()) {
    --returned_count_;
    connection->returned_ = false;
    if (core::planted(core::PlantedBug::returned_never)) continue;
    on_ready(*connection);
  }
  if (!waiting_for_fresh_.empty()) start_connections();
}

void UpstreamPool::on_ready(UpstreamConnection& connection) {
  const bool used = connection.requests_ > 0;
  // Who waits for a fresh one needs its place, where neither that nor another is on its way.
  if (used && !waiting_for_fresh_.empty() && connecting_ == 0 && !makes_place_ &&
      total_ >= provider_.row->pool.total_max) {
    make_place(connection);
    return;
  }
  const bool forgets = core::planted(core::PlantedBug::waiter_forgotten) && waiting_count_ > 1;
  if (UpstreamUser* user = forgets ? nullptr : pop_waiting(used); user != nullptr) {
    --waiting_count_;
    connection.attach(*user);
    user->on_upstream_ready(connection);
    return;
  }
  if (retired_ || idle_count_ >= provider_.row->pool.idle_max ||
      connection.expires_at() <= shard_.now()) {
    connection.close_idle();
    return;
  }
  idle_.push_front(connection);
  ++idle_count_;
}

// For a fresh one.
void UpstreamPool::make_place(UpstreamConnection& connection) {
  makes_place_ = true;
  connection.close_idle();
}

// Who is served next by a connection, used before or fresh.
UpstreamUser* UpstreamPool::pop_waiting(bool used) {
  UpstreamUser* user = used ? nullptr : waiting_for_fresh_.pop_front();
  return user != nullptr ? user : waiting_.pop_front();
}

bool UpstreamPool::fail_one(UpstreamFailure failure) {
  UpstreamUser* user = pop_waiting(false);
  if (user == nullptr) return false;
  --waiting_count_;
  user->on_upstream_failed(failure);
  return true;
}

void UpstreamPool::fail_all(UpstreamFailure failure) {
  while (fail_one(failure)) {
  }
}

void UpstreamPool::on_gone(UpstreamConnection& connection, bool was_connecting) {
  const UpstreamFailure failure = connection.connect_failure_;
  const std::uint32_t address = connection.address_mark_;
  shard_.upstreams.destroy(connection);
  shard_.counters.gauges.upstream_connections.add(-1);
  --total_;
  makes_place_ = false;
  if (was_connecting) {
    --connecting_;
    shard_.counters.add(ShardCount::upstream_connects_failed);
    // What we are short of says nothing of the address. Those who wait go on waiting while another
    // one may do.
    const bool ours = failure == UpstreamFailure::no_memory;
    if (ours || !config_.addresses(provider_.index).failed(address, shard_.now())) {
      fail_one(failure);
    }
  }
  start_connections();
  if (UpstreamPool* hungry = shard_.hungry_pools.pop_front()) hungry->start_connections();
  config_.drop_user();
}

void UpstreamPool::learn_answer_bytes(std::uint64_t bytes) {
  // One part in four is the latest: a few large answers in a row switch, and a few small back.
  bulk_expectation_ = bulk_expectation_ - bulk_expectation_ / 4 + bytes / 4;
}

}  // namespace headrace::net
