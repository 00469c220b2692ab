#include "net/journal/record_keeper.h"

#include "core/event_log.h"
#include "net/proxy/exchange.h"

namespace headrace::net {

RecordKeeper::RecordKeeper(const policy::RecordSource& source,
                           const policy::ShardRecordAreas& areas, LogBell* bell)
    : records_(source, areas), bell_(bell) {}

RecordKeeper::~RecordKeeper() = default;

void RecordKeeper::wait_for_disk(Exchange& exchange) {
  waiting_.push_back(exchange);
  ring();
}

void RecordKeeper::tell_the_waiting() {
  while (!waiting_.empty()) {
    const policy::IntentState state = records_.intent_state(waiting_.front().intent_place());
    if (state == policy::IntentState::waiting) return;
    tell_if_corrupt();
    waiting_.pop_front()->on_intent_decided(state);
  }
  records_.forget_gaps();
}

void RecordKeeper::tell_of_corruption() {
  corrupt_told_ = true;
  HEADRACE_EVENT(error,
                 "the record ring of shard {} was overwritten: the records of requests that are "
                 "under way are lost, those that wait until their intents are on the disk are "
                 "answered 503, and so is what comes, until a restart",
                 records_.source().shard);
}

}  // namespace headrace::net
