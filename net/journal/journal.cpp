#include "net/journal/journal.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "core/check.h"
#include "core/event_log.h"
#include "net/journal/record_areas.h"
#include "policy/record/record_codec.h"
#include "policy/record/shard_records.h"

namespace headrace::net {

using policy::FrameKind;
using policy::RefusalBankState;

namespace {

constexpr core::Duration kLookAroundInterval = std::chrono::seconds(1);

// Room will be there again; whatever else is wrong with a disk is not mended by waiting.
bool is_full(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

}  // namespace

// --- start ---------------------------------------------------------------------------------------

Journal::Source Journal::make_source(std::uint32_t incarnation, std::uint32_t epoch,
                                     std::uint32_t shard) const {
  const policy::ShardRecordAreas areas = record_areas(region_, incarnation, shard);
  return {.ring = core::RecordRingConsumer(areas.ring, policy::kRecordBytesMax),
          .source = {.region = region_.identity(), .epoch = epoch, .shard = shard},
          .banks = policy::refusal_banks(areas.refusals),
          .io = nullptr,
          .corrupt_told = false,
          .records = 0,
          .intents = 0,
          .damaged = 0,
          .banks_gathered = {},
          .gaps = nullptr,
          .gap_gathered = {}};
}

std::expected<std::unique_ptr<Journal>, std::string> Journal::open(
    JournalFiles& files, JournalOptions options, core::SharedRegion& region,
    const core::Incarnation* own, std::vector<core::Incarnation> orphans, core::WallTime now) {
  std::unique_ptr<Journal> journal(new Journal(files, region, std::move(orphans)));
  if (own != nullptr) {
    journal->own_epoch_ = static_cast<std::uint32_t>(own->epoch());
    for (std::uint32_t shard = 0; shard < region.geometry().shards; ++shard) {
      Source source = journal->make_source(own->number(), journal->own_epoch_, shard);
      source.gaps = std::make_unique<core::SpscRing<core::RecordRingGap>>(kGapsTold);
      journal->sources_.push_back(std::move(source));
    }
  }
  auto past = read_journal_past(files, [&](std::uint64_t identity, std::uint32_t epoch) {
    return !journal->is_past(identity, epoch);
  });
  if (!past) return std::unexpected(past.error());
  journal->past_ = std::move(*past);
  // A living neighbour may just be about to write one's head.
  if (journal->is_alone()) {
    for (const std::uint64_t number : journal->past_.headless)
      (void)files.remove(number);
  }
  for (const JournalPast::Unreadable& segment : journal->past_.unreadable) {
    HEADRACE_EVENT(error, "segment {} of the journal {}: it is left as it is", segment.number,
                   segment.why);
  }
  journal->segments_ = std::make_unique<JournalSegments>(
      files, std::move(options), region.identity(), journal->own_epoch_, journal->past_.last_number,
      journal->statistics_);
  // The past ends with what this process finds out about it: in one segment.
  journal->segments_->hold_rotation(true);
  std::vector<core::PoolSpent> pools;
  for (const auto& [named, pool] : journal->past_.pools)
    pools.push_back(pool);
  journal->segments_->inherit(std::move(pools));
  if (journal->segments_->segment(now) == nullptr && !is_full(journal->segments_->last_error())) {
    return std::unexpected(fmt::format("the journal cannot be written: {}",
                                       std::strerror(journal->segments_->last_error())));
  }
  return journal;
}

// Who wrote that is no more. A neighbour that drains still is.
bool Journal::is_past(std::uint64_t region, std::uint32_t epoch) const {
  if (region != region_.identity() || epoch == 0) return true;
  if (std::ranges::any_of(
          orphans_, [&](const core::Incarnation& orphan) { return orphan.epoch() == epoch; })) {
    return true;
  }
  return std::ranges::none_of(region_.incarnation_slots(), [&](const core::IncarnationSlot& slot) {
    return !slot.is_vacant() && slot.epoch.load(std::memory_order_relaxed) == epoch;
  });
}

// Whether nobody but us and the dead writes segments.
bool Journal::is_alone() const {
  return std::ranges::all_of(region_.incarnation_slots(), [&](const core::IncarnationSlot& slot) {
    if (slot.is_vacant()) return true;
    const auto epoch = static_cast<std::uint32_t>(slot.epoch.load(std::memory_order_relaxed));
    return epoch == own_epoch_ || is_past(region_.identity(), epoch);
  });
}

std::expected<void, std::string> Journal::set_pools(core::PoolLedger& pools) {
  std::vector<core::PoolSpent> spent;
  for (const auto& [named, pool] : past_.pools)
    spent.push_back(pool);
  const core::PoolsRestored past = pools.restore(spent);
  if (past.no_room > 0) {
    return std::unexpected(fmt::format(
        "quota.limits_in_use_max has no room for {} of the calendar limits and credits that the "
        "journal knows of: what they have spent would be forgotten. Raise it",
        past.no_room));
  }
  if (past.restored > 0) {
    HEADRACE_EVENT(info,
                   "the spend of {} calendar limits and credits comes from the journal: all that "
                   "stands in its records. After a power failure it may lack what requests without "
                   "a record had reserved in the last {} ms",
                   past.restored,
                   std::chrono::floor<std::chrono::milliseconds>(options().flush_interval).count());
  }
  if (past.by_place > 0) {
    HEADRACE_EVENT(warning,
                   "{} of them were written by an older version, which knew a limit by its place: "
                   "they hold only if quota.limits_in_use_max is what it was then",
                   past.by_place);
  }
  segments_->set_pools(&pools);
  return {};
}

// --- a round -------------------------------------------------------------------------------------

bool Journal::step(core::Instant now, core::WallTime wall) {
  if (drained_at_ == core::Instant{}) drained_at_ = now;
  bool more = true;
  bool written = true;
  while (more && written) {
    more = false;
    written = gather(sources_, wall, false, more) && write(sources_, wall);
  }
  if (written) {
    drained_at_ = now;
    for (Source& source : sources_)
      source.ring.map_ahead();
    segments_->rest(wall);
    if (now - looked_around_at_ >= kLookAroundInterval) look_around(now, wall);
  } else {
    for (Source& source : sources_)
      rewind(source);
  }
  observe(now);
  return written;
}

void Journal::observe(core::Instant now) {
  std::uint64_t waiting = 0;
  for (Source& source : sources_) {
    waiting += source.ring.waiting();
    if (!source.ring.corrupt() || source.corrupt_told) continue;
    source.corrupt_told = true;
    HEADRACE_EVENT(error, "the record ring of shard {} was overwritten: what is in it is lost",
                   source.source.shard);
    source.ring.abandon();
    if (source.io != nullptr) source.io->wake();
  }
  statistics_.waiting_bytes.set(static_cast<std::int64_t>(waiting));
  statistics_.lag_nanos.set((now - drained_at_).count());
}

// Pools come first, with all that the records behind them have spent.
bool Journal::gather(std::span<Source> sources, core::WallTime wall, bool all, bool& more) {
  if (segments_->segment(wall) == nullptr) return false;
  for (Source& source : sources)
    source.ring.stop_at_written();
  segments_->add_changed_pools(wall);
  return std::ranges::all_of(sources,
                             [&](Source& source) { return gather(source, wall, all, more); });
}

// What a ring has, but not more than is written at once, nor beyond a gap that its shard is to be
// told of. `more` is set where something is left that need not wait for anybody; where the ring is
// damaged, that is what was not searched yet.
bool Journal::gather(Source& source, core::WallTime wall, bool all, bool& more) {
  SegmentFile* segment = segments_->segment(wall);
  if (segment == nullptr) return false;
  const bool telling = source.gaps != nullptr && source.gaps->producer().room() > 0;
  // A shard that takes nothing is waited for, but not in the end: then it has ended, or is about
  // to.
  if (source.gaps != nullptr && !telling && !all) return true;
  while (segment->gathered() < gather_bytes_ && !source.gap_gathered) {
    const std::uint64_t damaged = source.ring.damaged();
    const auto record = source.ring.next();
    source.damaged += source.ring.damaged() - damaged;
    if (telling) source.gap_gathered = source.ring.gap();
    if (!record && source.ring.amid_damage()) break;
    if (!record) return gather_banks(source, wall, all);
    const bool intent = record->kind == policy::kRingIntent;
    segment->add(intent ? FrameKind::intent : FrameKind::usage, record->position, record->payload);
    intent ? ++source.intents : ++source.records;
    if (!intent && !segments_->has_open_intents() && past_.open_intents.empty()) continue;
    const auto id = policy::read_record_id(record->payload);
    if (!id) continue;
    if (intent) {
      segments_->open_intent(*id, record->payload);
    } else {
      segments_->close_intent(*id);
      past_.open_intents.erase(*id);
    }
  }
  more = true;
  return true;
}

bool Journal::gather_banks(Source& source, core::WallTime wall, bool all) {
  for (policy::RefusalBank& bank : source.banks) {
    const auto state = static_cast<RefusalBankState>(bank.state.load(std::memory_order_acquire));
    if (state == RefusalBankState::free) continue;
    if (!all && state != RefusalBankState::sealed) continue;
    const std::uint64_t sequence = bank.sequence.load(std::memory_order_relaxed);
    source.banks_gathered.push_back(&bank);
    if (sequence <= past_.positions[source.source].refusals) continue;  // it is on the disk
    SegmentFile* segment = segments_->segment(wall);
    if (segment == nullptr) return false;
    scratch_.clear();
    policy::encode_refusals(source.source, bank, scratch_);
    segment->add(FrameKind::refusals, sequence, scratch_);
  }
  return true;
}

bool Journal::write(std::span<Source> sources, core::WallTime wall) {
  if (segments_->write(wall)) {
    gather_bytes_ = std::min(gather_bytes_ * 2, kGatherBytesMax);
    for (Source& source : sources)
      acknowledge(source);
    return true;
  }
  if (is_full(segments_->last_error())) {
    gather_bytes_ = std::max(gather_bytes_ / 2, kGatherBytesMin);
  }
  for (Source& source : sources)
    rewind(source);
  return false;
}

void Journal::acknowledge(Source& source) {
  // What the shard sees of the ring's end must not be ahead of what it is told.
  if (source.gap_gathered) {
    const bool told = source.gaps->producer().push(*source.gap_gathered);
    HEADRACE_CHECK(told, "there was room for it");
  }
  source.ring.acknowledge();
  past_.positions[source.source].usage = source.ring.cursor();
  statistics_.records.add(source.records);
  statistics_.intents.add(source.intents);
  // Who waits for his intent goes on.
  const bool heeded = source.intents > 0 || source.gap_gathered;
  if (heeded && source.io != nullptr) source.io->wake();
  tell_of_damage(source);
  source.gap_gathered.reset();
  source.records = source.intents = source.damaged = 0;
  for (policy::RefusalBank* bank : source.banks_gathered) {
    std::uint64_t& position = past_.positions[source.source].refusals;
    position = std::max(position, bank->sequence.load(std::memory_order_relaxed));
    policy::free_bank(*bank);
    statistics_.refusal_minutes.add();
  }
  source.banks_gathered.clear();
}

void Journal::tell_of_damage(Source& source) {
  if (source.damaged == 0) return;
  statistics_.records_damaged.add(source.damaged);
  HEADRACE_EVENT(error,
                 "the record ring of shard {} was overwritten in {} places: the records there are "
                 "lost{}",
                 source.source.shard, source.damaged,
                 source.gaps == nullptr ? ""
                                        : ", and requests that waited until their intents there "
                                          "are on the disk are answered 503");
}

void Journal::rewind(Source& source) {
  source.ring.rewind();
  source.records = source.intents = source.damaged = 0;
  source.gap_gathered.reset();
  source.banks_gathered.clear();
}

// Once a second: what changes slowly.
void Journal::look_around(core::Instant now, core::WallTime wall) {
  looked_around_at_ = now;
  find_orphans();
  if (settle_orphans(wall) && !past_settled_) settle_past(wall);
}

// A process that was draining beside us may have died.
void Journal::find_orphans() {
  std::vector<core::Incarnation> found = core::Incarnation::claim_orphans(region_);
  if (found.empty()) return;
  for (core::Incarnation& orphan : found)
    orphans_.push_back(std::move(orphan));
  // It may have died before it could say that it had changed a pool.
  segments_->write_all_pools_again();
  auto past = read_journal_past(files_, [&](std::uint64_t identity, std::uint32_t epoch) {
    return !is_past(identity, epoch);
  });
  if (!past) {
    // Not settled without it; the next process will.
    HEADRACE_EVENT(error, "{}", past.error());
    orphans_.clear();
    return;
  }
  add_past(past_, std::move(*past));
  past_settled_ = false;
  segments_->hold_rotation(true);
}

void Journal::close(core::WallTime wall) {
  bool more = true;
  while (more) {
    more = false;
    if (!gather(sources_, wall, true, more) || !write(sources_, wall)) return;
  }
  if (!recovering()) segments_->close();
}

}  // namespace headrace::net
