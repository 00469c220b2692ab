// Accounting on a shard: its part of the shared region, and the requests that wait until their
// intents are on the disk.
//
// Threads: one shard; ring() reaches the journal's thread.
#pragma once

#include "core/intrusive_list.h"
#include "net/log/log_bell.h"
#include "policy/record/shard_records.h"

namespace headrace::net {

class Exchange;
struct IntentQueueTag;

class RecordKeeper {
 public:
  // `bell`: wakes the journal; nullptr: it looks by itself.
  RecordKeeper(const policy::RecordSource& source, const policy::ShardRecordAreas& areas,
               LogBell* bell);
  ~RecordKeeper();

  [[nodiscard]] policy::ShardRecords& records() { return records_; }
  [[nodiscard]] const policy::ShardRecords& records() const { return records_; }

  // A record was written, or is lost: the journal is called where many wait.
  void settled() {
    tell_if_corrupt();
    if (!many_wait()) return;
    records_.look_at_journal();
    if (many_wait()) ring();
  }
  // It hears when its intent is on the disk, in the order in which they come here, which is that of
  // their places; or when it never will be.
  void wait_for_disk(Exchange& exchange);
  // Each turn.
  void on_turn() {
    if (!waiting_.empty() || records_.has_gaps()) tell_the_waiting();
  }

 private:
  static constexpr std::uint64_t kCallAtPart = 8;

  void tell_the_waiting();
  void tell_if_corrupt() {
    if (records_.corrupt() && !corrupt_told_) tell_of_corruption();
  }
  void tell_of_corruption();
  // By the last look at what the journal has taken.
  [[nodiscard]] bool many_wait() const {
    return records_.waiting() > records_.capacity() / kCallAtPart;
  }
  void ring() {
    if (bell_ != nullptr) bell_->ring();
  }

  policy::ShardRecords records_;
  LogBell* bell_;
  bool corrupt_told_ = false;
  core::IntrusiveList<Exchange, IntentQueueTag> waiting_;
};

}  // namespace headrace::net
