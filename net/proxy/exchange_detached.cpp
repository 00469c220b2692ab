// Requests that go on without their client, for one or both of two reasons: others wait for the
// same answer (single flight), or its tenant's policy is to have the usage that the provider tells
// at its end. Nothing of the answer is queued any more; the cache keeps of it what it would have.
//
// And for a moment where the last bytes of the request were with the kernel when the client left:
// their send is stopped, and its end says whether all of them had left. If they had, the provider
// works on it, and it is charged; if not, the provider never has the whole request.
//
//   goes_on()              the client leaves: is there a reason?
//   detach()               its connection closes, the exchange stays
//   on_downstream_gone()   it has closed: an answer that a slow reader had stopped goes on
//   still_wanted()         asked as the answer comes
//   end_detached()         the answer is complete, or broken, or nobody wants it any more
#include "core/planted_bug.h"
#include "net/cache/shard_cache.h"
#include "net/edge/downstream_connection.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_connection.h"
#include "net/upstream/upstream_pool.h"

namespace headrace::net {

namespace config = policy::config;
using core::FlightEnd;
using State = CacheSession::State;

bool Exchange::goes_on_for_others() const {
  if (cache_ == nullptr || cache_->seat == nullptr || cache_->state != State::fetching) {
    return false;
  }
  return state_ == ExchangeState::parked || state_ == ExchangeState::awaiting_upstream ||
         state_ == ExchangeState::sending || state_ == ExchangeState::awaiting_answer ||
         state_ == ExchangeState::judging_answer || state_ == ExchangeState::relaying;
}

// The provider has the whole request, or is about to answer it: stopping would not unsay it.
bool Exchange::goes_on_for_usage() const {
  if (answer_.ended) return false;
  if (state_ != ExchangeState::awaiting_answer && state_ != ExchangeState::relaying) return false;
  return is_drained();
}

bool Exchange::is_drained() const {
  if (passthrough_ != nullptr || !caller_.known()) return false;
  const config::TenantOnDisconnect own = caller_.tenant->on_disconnect;
  if (own != config::TenantOnDisconnect::by_config) return own == config::TenantOnDisconnect::drain;
  return config_->view().settings().billing.on_disconnect == config::OnDisconnect::drain;
}

// True: it does, and is detached.
bool Exchange::goes_on() {
  if (shard_->closing) return false;
  const bool for_others = goes_on_for_others();
  for_usage_ = goes_on_for_usage();
  awaits_last_byte_ = !for_others && !for_usage_ && last_byte_leaves();
  if (!for_others && !for_usage_ && !awaits_last_byte_) return false;
  detach();
  if (for_others) shard_->cache->client_left(*cache_->seat);
  if (awaits_last_byte_) {
    for_usage_ = is_drained();
    call_.connection->transport().stop_sending();
  }
  return true;
}

// It is not known yet whether the provider has the whole request. One that is found dead before is
// sent again for nobody.
bool Exchange::last_byte_leaves() const {
  return state_ == ExchangeState::sending && call_.last_leaves && !call_.send_failed &&
         !call_.replay_when_sent && !call_.broken_sending &&
         call_.connection->transport().last_byte_leaves() &&
         !core::planted(core::PlantedBug::last_bytes_forgotten);
}

void Exchange::detach() {
  detached_ = true;
  keep_alive_ = false;
  answer_.cut = true;
  answer_.out.mute();
  silence_.clear(*shard_->timers);
  static_cast<void>(downstream_->peer());  // for the record, while there is a socket to ask
}

void Exchange::on_downstream_gone() {
  // What was queued for it is nobody's now; nothing more is held up by it.
  answer_.out.drop();
  if (state_ != ExchangeState::relaying) return;
  set_deadline(std::chrono::milliseconds(call_.pool->provider().row->timeouts.gap_ms));
  want_more_answer();
}

bool Exchange::still_wanted() const {
  return for_usage_ || (cache_ != nullptr && cache_->builder.active());
}

// None of those who asked the same waits any more.
void Exchange::on_cache_unwanted() {
  HEADRACE_CHECK(detached_, "a client that is there wants its answer");
  leave_flight();
  if (!for_usage_) end_detached();
}

// The process does not wait for it any longer.
void Exchange::on_closing() {
  end_detached();
}

void Exchange::end_detached() {
  keep_nothing(FlightEnd::failed);
  leave_flight();
  end();
  downstream_->exchange_done_alone();
}

}  // namespace headrace::net
