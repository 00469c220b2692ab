// The row of segments that this process writes: which one is written, when the next one begins and
// with what, which old ones go.
//
// Threads: the journal's.
// Errors:  a disk that takes nothing is no error of a caller: write() says no, and is asked again.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "core/clock.h"
#include "core/pool_spent.h"
#include "net/journal/journal_files.h"
#include "net/journal/journal_options.h"
#include "net/journal/journal_statistics.h"
#include "net/journal/segment_file.h"
#include "policy/record/record_id.h"

namespace headrace::net {

class JournalSegments {
 public:
  JournalSegments(JournalFiles& files, JournalOptions options, std::uint64_t region,
                  std::uint32_t epoch, std::uint64_t last_number, JournalStatistics& statistics);

  // Something is to be written: the segment to add it to, with its checkpoint; nullptr where none
  // can be opened now.
  SegmentFile* segment(core::WallTime now);
  // What was added is on the disk. False: nothing of it is, all of it is to be added again.
  [[nodiscard]] bool write(core::WallTime now);
  // Everything that was added is acknowledged: a full or old segment may end here, and old ones go.
  void rest(core::WallTime now);
  void close();

  // What a checkpoint holds beside pools: intents without a record, which move on with the
  // segments.
  void open_intent(const policy::RecordId& id, std::span<const std::byte> payload);
  void close_intent(const policy::RecordId& id);
  [[nodiscard]] bool has_open_intents() const { return !open_intents_.empty(); }
  void set_pools(core::PoolLedger* pools) { pools_ = pools; }
  // What the past knows of pools: it moves on with the segments until set_pools().
  void inherit(std::vector<core::PoolSpent> pools) { inherited_ = std::move(pools); }
  // Pools that have changed since they were last written.
  void add_changed_pools(core::WallTime now);
  void write_all_pools_again();
  // Segments below stay: who reads the past is not done with it.
  void hold_rotation(bool hold) { rotation_held_ = hold; }

  [[nodiscard]] const JournalOptions& options() const { return options_; }
  [[nodiscard]] int last_error() const { return last_error_; }

 private:
  std::expected<std::unique_ptr<SegmentFile>, int> create(core::WallTime now);
  void add_checkpoint(core::WallTime now);
  void add_pools(std::span<const core::PoolSpent> pools);
  void failed(int error);
  void remove_old(core::WallTime now);

  JournalFiles& files_;
  JournalOptions options_;
  std::uint64_t region_;
  std::uint32_t epoch_;
  std::uint64_t last_number_;
  JournalStatistics& statistics_;
  std::unique_ptr<SegmentFile> segment_;
  std::map<policy::RecordId, std::vector<std::byte>> open_intents_;
  core::PoolLedger* pools_ = nullptr;
  std::vector<core::PoolSpent> inherited_;
  std::vector<core::PoolSpent> collected_;
  bool rotation_held_ = false;
  int last_error_ = 0;
};

}  // namespace headrace::net
