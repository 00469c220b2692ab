// Before a request goes upstream its usage record is begun, and under strict billing its intent is
// on the disk.
#include <array>

#include "core/check.h"
#include "net/journal/record_keeper.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

using policy::UsageRecord;

namespace {

// For a disk that is slow. One that is full may be so for hours.
constexpr core::Duration kIntentWaitMax = std::chrono::seconds(10);

}  // namespace

// Holds what the record needs, whatever happens later. `reply`: there is no room, and the request
// is answered. `park`: it goes on when its intent is on the disk.
policy::Verdict Exchange::account() {
  RecordKeeper* keeper = shard_->record_keeper;
  if (keeper == nullptr) return policy::Verdict::go;
  policy::ShardRecords& records = keeper->records();
  const bool strict = config_->view().settings().billing.strict == policy::config::Switch::on;
  if (ticket_.entry == nullptr) {
    std::array<char, policy::kRecordTagBytesMax> tags;
    const policy::PriceVersionText version(call_.price == nullptr ? 0 : call_.price->version);
    UsageRecord intent = intended_record(tags, version);
    if (!records.begin(ticket_, intent)) return refuse_for_records();
    ticket_.entry->micro_usd.store(intent.cost.count(), std::memory_order_relaxed);
    if (!strict) return policy::Verdict::go;
    const auto place = records.write_intent(ticket_);
    if (!place) return refuse_unrecorded();
    intent_place_ = *place;
    intent_state_ = policy::IntentState::waiting;
    keeper->wait_for_disk(*this);
    return park(shard_->now() + kIntentWaitMax);
  }
  if (!strict || intent_state_ == policy::IntentState::synced) return policy::Verdict::go;
  if (intent_state_ == policy::IntentState::lost) return refuse_unrecorded();
  HEADRACE_CHECK(park_expired_, "who waits is woken by a word, or by time");
  // It may come to the disk yet: the record says what became of it.
  static_cast<core::ListHook<IntentQueueTag>&>(*this).unlink();
  return refuse_for_records();
}

// Its intent is not on the disk, nor will it be in time, or ever.
policy::Verdict Exchange::refuse_unrecorded() {
  shard_->record_keeper->records().drop(ticket_);
  return refuse_for_records();
}

policy::Verdict Exchange::refuse_for_records() {
  shard_->counters.add(ShardCount::records_refused);
  reply(policy::Reason::overloaded, policy::MessageId::records_full);
  return policy::Verdict::reply;
}

void Exchange::on_intent_decided(policy::IntentState state) {
  intent_state_ = state;
  resume();
}

}  // namespace headrace::net
