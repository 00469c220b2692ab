// What dead processes left: their rings and tables, their intents, their open segments.
#include <array>
#include <cerrno>

#include "core/event_log.h"
#include "core/in_flight_table.h"
#include "net/journal/journal.h"
#include "net/journal/record_areas.h"
#include "policy/record/orphan_requests.h"
#include "policy/record/partial_record.h"
#include "policy/record/record_codec.h"
#include "policy/record/segment_reader.h"

namespace headrace::net {

bool Journal::settle_orphans(core::WallTime wall) {
  while (!orphans_.empty()) {
    core::Incarnation& orphan = orphans_.back();
    if (!settle(orphan, wall)) return false;
    if (then_) then_(orphan.number());
    orphan.finish();
    orphans_.pop_back();
  }
  return true;
}

// Order decides here: first the records are safe, then the incarnation is finished, then what it
// had written is closed. Whoever is interrupted in between finds the rest where it was.
bool Journal::settle(core::Incarnation& orphan, core::WallTime wall) {
  const std::uint64_t before = statistics_.records_recovered.value();
  for (std::uint32_t shard = 0; shard < region_.geometry().shards; ++shard) {
    Source source = make_source(orphan.number(), static_cast<std::uint32_t>(orphan.epoch()), shard);
    // What it had written before it died.
    source.ring.skip_to(past_.positions[source.source].usage);
    if (!settle_shard(orphan.number(), source, wall)) return false;
  }
  HEADRACE_EVENT(warning, "incarnation {} ended without saying so: {} of its requests were cut off",
                 orphan.epoch(), statistics_.records_recovered.value() - before);
  return true;
}

bool Journal::settle_shard(std::uint32_t incarnation, Source& source, core::WallTime wall) {
  const policy::ShardRecordAreas areas = record_areas(region_, incarnation, source.source.shard);
  const auto entries = core::in_flight_entries(areas.in_flight);
  if (!drain(source, wall)) return false;
  for (;;) {
    core::RecordRingProducer producer(areas.ring, policy::kRecordBytesMax);
    // What is written into such a ring is read by nobody.
    if (producer.corrupt() || source.ring.corrupt())
      return settle_without_ring(source.source, entries, wall);
    const policy::OrphanRequests requests =
        policy::settle_orphan_requests(producer, entries, wall.unix_nanos);
    statistics_.records_recovered.add(requests.partial);
    statistics_.records_damaged.add(requests.damaged);
    if (!drain(source, wall)) return false;
    if (requests.complete) return true;
  }
}

// All that its ring has, as far as that can be read.
bool Journal::drain(Source& source, core::WallTime wall) {
  for (bool more = true; more;) {
    more = false;
    if (!gather({&source, 1}, wall, true, more)) return false;
    if (!write({&source, 1}, wall)) return false;
  }
  return true;
}

// The ring of a dead process was overwritten: records that waited in it are lost. Those of requests
// that were under way go from their entries straight to the disk, but for those that are there: the
// dead process may just have settled one, and who recovered it before us may have died as well.
bool Journal::settle_without_ring(const policy::RecordSource& source,
                                  std::span<core::InFlightEntry> entries, core::WallTime wall) {
  const auto known = records_left_by(source);
  if (!known) return false;
  std::array<std::byte, policy::kRecordBytesMax> bytes;
  std::uint64_t partial = 0;
  std::uint64_t damaged = 0;
  for (const core::InFlightEntry& entry : entries) {
    const auto sight = core::look_at(entry);
    if (!sight) continue;
    const auto record = policy::partial_record(*sight, wall.unix_nanos);
    if (!record) {
      ++damaged;
    } else if (!known->contains(record->id)) {
      SegmentFile* segment = segments_->segment(wall);
      if (segment == nullptr) return false;
      const std::size_t size = policy::encode_record(*record, bytes);
      segment->add(policy::FrameKind::usage, 0, std::span(bytes).first(size));
      segments_->close_intent(record->id);
      past_.open_intents.erase(record->id);
      ++partial;
    }
  }
  if (!write({}, wall)) return false;
  for (core::InFlightEntry& entry : entries) {
    if (core::look_at(entry)) core::free_entry(entry);
  }
  statistics_.records_recovered.add(partial);
  // One more for those that nobody can count.
  statistics_.records_damaged.add(damaged + 1);
  HEADRACE_EVENT(error,
                 "the record ring of shard {} of a dead process is damaged: what waited in it for "
                 "the disk is lost; {} requests that were under way have records all the same, {} "
                 "have none",
                 source.shard, partial, damaged);
  return true;
}

// In segments that nobody has closed. Nothing: they cannot be read now.
std::optional<std::set<policy::RecordId>> Journal::records_left_by(
    const policy::RecordSource& source) {
  std::set<policy::RecordId> ids;
  for (const JournalPast::Left& left : past_.left) {
    const auto bytes = files_.read(left.identity.number, 0, left.bytes);
    if (!bytes) return std::nullopt;
    auto reader = policy::SegmentReader::open(*bytes);
    while (reader) {
      const auto frame = reader->next();
      if (!frame) break;
      if (frame->kind != policy::FrameKind::usage) continue;
      const auto id = policy::read_record_id(frame->payload);
      if (id && id->source == source) ids.insert(*id);
    }
  }
  return ids;
}

// When all orphans are settled: intents of processes whose memory is gone too, then their segments.
void Journal::settle_past(core::WallTime wall) {
  if (!settle_open_intents(wall)) return;
  past_.open_intents.clear();
  if (!close_left_segments()) return;
  past_settled_ = true;
  segments_->hold_rotation(false);
}

bool Journal::settle_open_intents(core::WallTime wall) {
  std::array<std::byte, policy::kRecordBytesMax> bytes;
  std::uint64_t partial = 0;
  std::uint64_t unknown = 0;
  for (const auto& [id, payload] : past_.open_intents) {
    const auto record = policy::partial_record(payload, wall.unix_nanos);
    SegmentFile* segment = segments_->segment(wall);
    if (segment == nullptr) return false;
    if (!record) {
      // Of a version to come: they move on with our segments, for it to find them there.
      segments_->open_intent(id, payload);
      segment->add(policy::FrameKind::intent, 0, payload);
      ++unknown;
      continue;
    }
    const std::size_t size = policy::encode_record(*record, bytes);
    segment->add(policy::FrameKind::usage, 0, std::span(bytes).first(size));
    ++partial;
  }
  if (!write({}, wall)) return false;
  statistics_.records_recovered.add(partial);
  if (partial > 0) {
    HEADRACE_EVENT(warning,
                   "{} requests were under way when this node lost its memory: their "
                   "intents became records",
                   partial);
  }
  if (unknown > 0) {
    HEADRACE_EVENT(error,
                   "{} intents in the journal are of a newer version: they are kept until that is "
                   "started again",
                   unknown);
  }
  return true;
}

// False: some are still open. Then the segment that has the records of their intents must stay open
// too: whoever comes next reads both, or would make those records once more.
bool Journal::close_left_segments() {
  std::erase_if(past_.left, [&](const JournalPast::Left& left) {
    auto segment = SegmentFile::take_over(files_, left.identity, left.bytes);
    if (!segment) return segment.error() == ENOENT;
    if ((*segment)->close() != 0) return false;
    statistics_.tail_bytes_dropped.add(left.tail_bytes);
    if (left.tail_bytes > 0) {
      HEADRACE_EVENT(warning,
                     "segment {} of the journal ended in {} bytes that are no record: "
                     "dropped",
                     left.identity.number, left.tail_bytes);
    }
    return true;
  });
  return past_.left.empty();
}

}  // namespace headrace::net
