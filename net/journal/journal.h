// The journal: takes what shards leave in the shared region (records, intents, refusal counts), and
// dead processes too, writes it to segments on disk, and gives the room back when it is safe there.
//
//   ring --next()--> segment (gathered) --write, sync--> on disk --acknowledge()--> room in the
//   ring
//
// The only consumer of the rings. Nothing is ever dropped: what the disk does not take waits in the
// ring, and is read again from there.
//
// Threads: the work is apart from the thread: step() is called by JournalThread, or by a test.
//          attach() and set_pools() before it.
// Order:   what was spent of calendar pools stands before the records of the requests that spent
// it,
//          so that whatever a power failure cuts off, the spend is whole as far as the records are.
// Errors:  of the disk are told once each in the event log, and counted; step() tries again.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/in_flight_entry.h"
#include "core/incarnation.h"
#include "core/io.h"
#include "core/pool_spent.h"
#include "core/record_ring.h"
#include "core/record_ring_gap.h"
#include "core/shared_region.h"
#include "core/spsc_ring.h"
#include "net/journal/journal_files.h"
#include "net/journal/journal_options.h"
#include "net/journal/journal_past.h"
#include "net/journal/journal_segments.h"
#include "net/journal/journal_statistics.h"
#include "policy/record/refusal_counts.h"

namespace headrace::net {

class Journal {
 public:
  // Reads the past and opens a segment. `own`: whose shards are served; nullptr: nobody's, it is
  // only there to settle orphans. `orphans`: incarnations of the dead, locked for us, which are
  // settled as soon as the disk takes it, and finished. A full disk is no error here. The error is
  // for an operator. Region and files outlive the journal.
  static std::expected<std::unique_ptr<Journal>, std::string> open(
      JournalFiles& files, JournalOptions options, core::SharedRegion& region,
      const core::Incarnation* own, std::vector<core::Incarnation> orphans, core::WallTime now);

  // Before the first step: whom to wake when what waited for the disk is there.
  void attach(std::uint32_t shard, core::Io& io) { sources_[shard].io = &io; }
  // For that shard: what of its ring was passed and is not on the disk. Taken from by its thread; a
  // shard that does not is waited for.
  [[nodiscard]] core::SpscConsumer<core::RecordRingGap>& gaps(std::uint32_t shard) {
    return sources_[shard].gaps->consumer();
  }
  // Pools are checkpointed from now on, and begin with what the past knows of them. The error is
  // for an operator: what some have spent would be forgotten.
  [[nodiscard]] std::expected<void, std::string> set_pools(core::PoolLedger& pools);
  // Called for each dead incarnation when its records are safe, before its slot is free again.
  void on_settled(std::function<void(std::uint32_t incarnation)> then) { then_ = std::move(then); }

  // What there is is taken, written, and given back. False: the disk takes nothing.
  bool step(core::Instant now, core::WallTime wall);
  // Everything that is left, and an end.
  void close(core::WallTime wall);

  [[nodiscard]] bool recovering() const { return !orphans_.empty() || !past_settled_; }
  [[nodiscard]] const JournalStatistics& statistics() const { return statistics_; }
  [[nodiscard]] const JournalOptions& options() const { return segments_->options(); }

 private:
  struct Source {
    core::RecordRingConsumer ring;
    policy::RecordSource source;
    std::span<policy::RefusalBank> banks;
    core::Io* io = nullptr;
    bool corrupt_told = false;
    std::uint64_t records = 0;  // gathered and not yet acknowledged
    std::uint64_t intents = 0;
    std::uint64_t damaged = 0;
    std::vector<policy::RefusalBank*> banks_gathered;
    // Of our own shards: whoever waits for an intent hears that it is lost.
    std::unique_ptr<core::SpscRing<core::RecordRingGap>> gaps;
    std::optional<core::RecordRingGap> gap_gathered;
  };

  // A sync costs the same however much it writes: what a busy process leaves within an interval
  // goes in one. Less where the disk is full: it may have room for some of it.
  static constexpr std::size_t kGatherBytesMax = std::size_t{4} << 20U;
  static constexpr std::size_t kGatherBytesMin = std::size_t{4} << 10U;
  // That a shard may leave untaken. One is told at a time: a ring looks at its other end only when
  // it has no room at all.
  static constexpr std::size_t kGapsTold = 64;

  Journal(JournalFiles& files, core::SharedRegion& region, std::vector<core::Incarnation> orphans)
      : files_(files), region_(region), orphans_(std::move(orphans)) {}
  [[nodiscard]] bool is_past(std::uint64_t region, std::uint32_t epoch) const;
  [[nodiscard]] bool is_alone() const;
  [[nodiscard]] Source make_source(std::uint32_t incarnation, std::uint32_t epoch,
                                   std::uint32_t shard) const;

  // `all`: of a source that is finished, banks that still fill, too.
  bool gather(std::span<Source> sources, core::WallTime wall, bool all, bool& more);
  bool gather(Source& source, core::WallTime wall, bool all, bool& more);
  bool gather_banks(Source& source, core::WallTime wall, bool all);
  bool write(std::span<Source> sources, core::WallTime wall);
  void acknowledge(Source& source);
  void tell_of_damage(Source& source);
  void rewind(Source& source);
  void look_around(core::Instant now, core::WallTime wall);
  void find_orphans();
  void observe(core::Instant now);

  bool settle_orphans(core::WallTime wall);
  bool settle(core::Incarnation& orphan, core::WallTime wall);
  bool settle_shard(std::uint32_t incarnation, Source& source, core::WallTime wall);
  bool drain(Source& source, core::WallTime wall);
  bool settle_without_ring(const policy::RecordSource& source,
                           std::span<core::InFlightEntry> entries, core::WallTime wall);
  [[nodiscard]] std::optional<std::set<policy::RecordId>> records_left_by(
      const policy::RecordSource& source);
  void settle_past(core::WallTime wall);
  bool settle_open_intents(core::WallTime wall);
  [[nodiscard]] bool close_left_segments();

  JournalFiles& files_;
  core::SharedRegion& region_;
  std::uint32_t own_epoch_ = 0;
  JournalStatistics statistics_;
  JournalPast past_;
  std::unique_ptr<JournalSegments> segments_;
  std::vector<Source> sources_;
  std::vector<core::Incarnation> orphans_;
  bool past_settled_ = false;
  core::Instant looked_around_at_{};
  core::Instant drained_at_{};
  std::size_t gather_bytes_ = kGatherBytesMax;
  std::vector<std::byte> scratch_;
  std::function<void(std::uint32_t)> then_;
};

}  // namespace headrace::net
