// An answer whose client has left: by its tenant's policy it is read to its end, for the usage that
// the provider tells there. Nothing of it is kept or sent.
#include "net/edge/downstream_connection.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_pool.h"

namespace headrace::net {

namespace config = policy::config;

// The provider has the whole request, or is about to answer it: stopping would not unsay it.
bool Exchange::may_drain() const {
  if (drains_ || passthrough_ != nullptr || !caller_.known() || answer_.ended) return drains_;
  if (state_ != ExchangeState::awaiting_answer && state_ != ExchangeState::relaying) return false;
  const config::TenantOnDisconnect own = caller_.tenant->on_disconnect;
  if (own != config::TenantOnDisconnect::by_config) return own == config::TenantOnDisconnect::drain;
  return config_->view().settings().billing.on_disconnect == config::OnDisconnect::drain;
}

void Exchange::begin_drain() {
  if (drains_) return;
  drains_ = client_left_ = answer_.cut = true;
  keep_alive_ = false;
  shard_->counters.add(ShardCount::downstream_cancelled);
  downstream_->expect_sent(0);
  downstream_->transport().want_receive(ReceiveMode::off);
  drop_held();
  pump_drain();
}

bool Exchange::on_downstream_lost() {
  if (!may_drain()) return false;
  begin_drain();
  pump_drain();
  return true;
}

// What was queued goes nowhere; what the kernel still reads stays until it has done so.
void Exchange::pump_drain() {
  if (downstream_->transport().sending()) return;
  answer_.sending_entries = 0;
  answer_.out.clear();
  if (answer_.ended) {
    finish();
  } else if (state_ == ExchangeState::relaying) {
    // A slow reader may have stopped it.
    set_deadline(std::chrono::milliseconds(pool_->provider().row->timeouts.gap_ms));
    want_more_answer();
  }
}

}  // namespace headrace::net
