#include "net/journal/journal_past.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "policy/record/record_codec.h"
#include "policy/record/refusal_counts.h"
#include "policy/record/segment_reader.h"

namespace headrace::net {

namespace {

using policy::FrameKind;
using policy::SegmentReader;

// Reads segments from the newest to the oldest.
class PastReader {
 public:
  PastReader(JournalFiles& files, const IsAlive& alive) : files_(files), alive_(alive) {}

  std::expected<JournalPast, std::string> read() {
    const auto entries = files_.list();
    if (!entries) return refuse("cannot be listed", entries.error());
    for (auto entry = entries->rbegin(); entry != entries->rend(); ++entry) {
      past_.last_number = std::max(past_.last_number, entry->number);
      if (checkpoint_found_ && is_closed(*entry)) continue;
      auto bytes = files_.read(entry->number, 0, kSegmentBytesMax);
      if (!bytes) {
        return refuse(fmt::format("segment {} cannot be read", entry->number), bytes.error());
      }
      take(entry->number, *bytes);
    }
    std::ranges::reverse(past_.left);
    // What was found going back, put together going forward.
    for (auto pools = pools_.rbegin(); pools != pools_.rend(); ++pools) {
      for (const core::PoolSpent& pool : *pools)
        past_.pools[{pool.naming, pool.identity}] = pool;
    }
    for (const auto& [id, payload] : intents_) {
      if (!records_.contains(id)) past_.open_intents.emplace(id, payload);
    }
    return std::move(past_);
  }

 private:
  static std::unexpected<std::string> refuse(std::string_view what, int error) {
    return std::unexpected(fmt::format("the journal {}: {}", what, std::strerror(error)));
  }

  // By its last frame alone.
  bool is_closed(const JournalFiles::Entry& entry) {
    constexpr std::uint64_t kEndBytes = policy::frame_footprint(0);
    if (entry.bytes < kEndBytes) return false;
    const auto bytes = files_.read(entry.number, entry.bytes - kEndBytes, kEndBytes);
    if (!bytes || bytes->size() != kEndBytes) return false;
    std::vector<std::byte> end;
    policy::append_frame(end, entry.number, entry.bytes - kEndBytes, FrameKind::end, 0, {});
    return *bytes == end;
  }

  void take(std::uint64_t number, std::span<const std::byte> bytes) {
    auto reader = SegmentReader::open(bytes);
    if (!reader) {
      if (SegmentReader::ends_within_head(bytes)) {
        past_.headless.push_back(number);
      } else {
        past_.unreadable.push_back({.number = number, .why = std::move(reader.error())});
      }
      return;
    }
    const policy::SegmentIdentity identity = reader->identity();
    const bool alive = alive_(identity.region, identity.epoch);
    const bool wants_pools = !checkpoint_found_;
    std::vector<core::PoolSpent> pools;
    while (const auto frame = reader->next()) {
      if (frame->kind == FrameKind::checkpoint_end) checkpoint_found_ = true;
      if (frame->kind == FrameKind::pools && wants_pools) add_pools(frame->payload, pools);
      alive ? take_of_the_living(*frame) : take(*frame);
    }
    if (wants_pools) pools_.push_back(std::move(pools));
    if (reader->closed() || alive) return;
    past_.left.push_back(
        {.identity = identity, .bytes = reader->offset(), .tail_bytes = reader->tail_bytes()});
  }

  // They may have written the records of intents of the dead. How far they have got themselves is
  // theirs to say: what they write may not be on the disk yet.
  void take_of_the_living(const SegmentReader::Frame& frame) {
    if (frame.kind != FrameKind::usage) return;
    if (const auto id = policy::read_record_id(frame.payload)) records_[*id] = true;
  }

  void take(const SegmentReader::Frame& frame) {
    if (frame.kind == FrameKind::usage) {
      if (const auto id = policy::read_record_id(frame.payload)) {
        records_[*id] = true;
        std::uint64_t& position = past_.positions[id->source].usage;
        position = std::max(position, frame.position);
      }
    } else if (frame.kind == FrameKind::intent) {
      if (const auto id = policy::read_record_id(frame.payload)) {
        intents_[*id] = {frame.payload.begin(), frame.payload.end()};
      }
    } else if (frame.kind == FrameKind::refusals) {
      policy::RefusalMinute minute;
      if (policy::decode_refusals(frame.payload, minute)) {
        std::uint64_t& position = past_.positions[minute.source].refusals;
        position = std::max(position, frame.position);
      }
    }
  }

  static void add_pools(std::span<const std::byte> payload, std::vector<core::PoolSpent>& pools) {
    const std::size_t count = payload.size() / sizeof(core::PoolSpent);
    const std::size_t before = pools.size();
    pools.resize(before + count);
    if (count > 0) {
      std::memcpy(pools.data() + before, payload.data(), count * sizeof(core::PoolSpent));
    }
  }

  JournalFiles& files_;
  const IsAlive& alive_;
  JournalPast past_;
  bool checkpoint_found_ = false;
  std::vector<std::vector<core::PoolSpent>> pools_;  // of each segment, the newest first
  std::map<policy::RecordId, bool> records_;
  std::map<policy::RecordId, std::vector<std::byte>> intents_;
};

}  // namespace

void add_past(JournalPast& past, JournalPast other) {
  past.last_number = std::max(past.last_number, other.last_number);
  for (const auto& [source, positions] : other.positions) {
    JournalPast::Positions& known = past.positions[source];
    known.usage = std::max(known.usage, positions.usage);
    known.refusals = std::max(known.refusals, positions.refusals);
  }
  past.open_intents.merge(other.open_intents);
  past.left.insert(past.left.end(), other.left.begin(), other.left.end());
}

std::expected<JournalPast, std::string> read_journal_past(JournalFiles& files,
                                                          const IsAlive& alive) {
  return PastReader(files, alive).read();
}

}  // namespace headrace::net
