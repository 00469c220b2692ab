#include "net/journal/record_keeper.h"

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

bool RecordKeeper::anybody_waits() const {
  return !waiting_.empty();
}

void RecordKeeper::resume_synced() {
  while (!waiting_.empty() && records_.synced(waiting_.front().intent_place())) {
    waiting_.pop_front()->on_intent_synced();
  }
}

}  // namespace headrace::net
