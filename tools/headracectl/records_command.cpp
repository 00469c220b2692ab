#include "tools/headracectl/records_command.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "core/in_flight_table.h"
#include "core/record_ring.h"
#include "core/shared_region.h"
#include "net/journal/disk_files.h"
#include "net/journal/record_areas.h"
#include "policy/record/partial_record.h"
#include "policy/record/record_codec.h"
#include "policy/record/segment_reader.h"
#include "tools/headracectl/complaint.h"

namespace headrace::tools::ctl {

namespace {

constexpr std::chrono::milliseconds kPollInterval{200};
constexpr std::uint64_t kReadBytes = std::uint64_t{1} << 30U;

// --- the journal ---------------------------------------------------------------------------------

class JournalReading {
 public:
  explicit JournalReading(const RecordsCommand& command)
      : command_(command), files_(command.journal) {}

  int run() {
    for (bool first = true;; first = false) {
      const auto entries = files_.list();
      if (!entries) return complain(command_.journal + ": " + std::strerror(entries.error()));
      if (first) fmt::print("{}", heading(command_.output));
      seen_ += entries->size();
      for (const net::JournalFiles::Entry& entry : *entries)
        read(entry);
      std::fflush(stdout);
      if (!command_.follow) break;
      std::this_thread::sleep_for(kPollInterval);
    }
    if (seen_ == 0) fmt::print(stderr, "there are no segments in this folder\n");
    if (tail_bytes_ > 0) {
      fmt::print(stderr, "{} bytes at the ends of segments are no records (yet)\n", tail_bytes_);
    }
    return EXIT_SUCCESS;
  }

 private:
  // What of a segment was not read yet.
  void read(const net::JournalFiles::Entry& entry) {
    auto known = readers_.find(entry.number);
    if (known != readers_.end() &&
        (known->second.closed() || known->second.offset() >= entry.bytes)) {
      return;
    }
    const std::uint64_t offset = known == readers_.end() ? 0 : known->second.offset();
    const auto bytes = files_.read(entry.number, offset, kReadBytes);
    if (!bytes) return;
    if (known == readers_.end()) {
      auto opened = policy::SegmentReader::open(*bytes);
      if (!opened) {
        if (!command_.follow)
          (void)complain(fmt::format("segment {} {}", entry.number, opened.error()));
        return;
      }
      known = readers_.emplace(entry.number, std::move(*opened)).first;
    } else {
      known->second.go_on(*bytes);
    }
    while (const auto frame = known->second.next())
      show(*frame);
    if (!known->second.closed()) tail_bytes_ += known->second.tail_bytes();
  }

  void show(const policy::SegmentReader::Frame& frame) {
    if (frame.kind == policy::FrameKind::refusals) {
      policy::RefusalMinute minute;
      if (policy::decode_refusals(frame.payload, minute)) {
        fmt::print("{}", refusals_text(minute, command_.output));
      }
    }
    if (frame.kind != policy::FrameKind::usage) return;
    const auto record = policy::decode_record(frame.payload);
    if (!record) return;
    // Positions of one source grow: what does not is there a second time.
    std::uint64_t& position = positions_[record->id.source];
    if (frame.position != 0 && frame.position <= position) return;
    position = std::max(position, frame.position);
    fmt::print("{}", record_text(*record, command_.output));
  }

  const RecordsCommand& command_;
  net::DiskFiles files_;
  std::map<std::uint64_t, policy::SegmentReader> readers_;
  std::map<policy::RecordSource, std::uint64_t> positions_;
  std::uint64_t tail_bytes_ = 0;
  std::size_t seen_ = 0;  // segments, in all looks
};

// --- the region ----------------------------------------------------------------------------------

class RegionReading {
 public:
  RegionReading(const RecordsCommand& command, core::SharedRegion region)
      : command_(command), region_(std::move(region)) {}

  int run() {
    fmt::print("{}", heading(command_.output));
    for (;;) {
      for_each_shard([this](std::uint32_t incarnation, std::uint32_t shard) {
        show_ring(incarnation, shard);
        if (!command_.follow) show_under_way(incarnation, shard);
      });
      std::fflush(stdout);
      if (!command_.follow) return EXIT_SUCCESS;
      std::this_thread::sleep_for(kPollInterval);
    }
  }

 private:
  template <class Visit>
  void for_each_shard(Visit visit) {
    for (std::uint32_t incarnation = 0; incarnation < region_.geometry().incarnations;
         ++incarnation) {
      if (region_.incarnation_slots()[incarnation].is_vacant()) continue;
      for (std::uint32_t shard = 0; shard < region_.geometry().shards; ++shard)
        visit(incarnation, shard);
    }
  }

  // What waits for the journal. Read beside its consumer: what is overwritten meanwhile shows by
  // its checksum, and is on the disk.
  void show_ring(std::uint32_t incarnation, std::uint32_t shard) {
    const auto epoch = region_.incarnation_slots()[incarnation].epoch.load();
    core::RecordRingConsumer ring(net::record_areas(region_, incarnation, shard).ring,
                                  policy::kRecordBytesMax);
    // The ring of the next one in that place begins anew.
    std::uint64_t& shown = shown_[{epoch, shard}];
    while (const auto next = ring.next()) {
      if (next->position <= shown || next->kind != policy::kRingUsage) continue;
      const std::vector<std::byte> bytes(next->payload.begin(), next->payload.end());
      if (!next->is_whole(bytes)) continue;
      shown = next->position;
      if (const auto record = policy::decode_record(bytes)) {
        fmt::print("{}", record_text(*record, command_.output));
      }
    }
  }

  void show_under_way(std::uint32_t incarnation, std::uint32_t shard) {
    const auto area = net::record_areas(region_, incarnation, shard).in_flight;
    for (const core::InFlightEntry& entry : core::in_flight_entries(area)) {
      const auto sight = core::look_at(entry);
      if (!sight) continue;
      auto record = policy::partial_record(*sight, 0);
      if (!record) continue;
      record->ending = policy::RecordEnding::under_way;
      fmt::print("{}", record_text(*record, command_.output));
    }
  }

  const RecordsCommand& command_;
  core::SharedRegion region_;
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::uint64_t> shown_;  // by epoch and shard
};

}  // namespace

int show_records(const RecordsCommand& command) {
  if (!command.journal.empty()) return JournalReading(command).run();
  auto region = core::SharedRegion::open_existing(command.region);
  if (!region) return complain(region.error());
  if (region->geometry().record_ring_bytes <= core::kRecordRingCapacityMin) {
    return complain("the data plane of this region keeps no records: its config has no journal");
  }
  return RegionReading(command, std::move(*region)).run();
}

}  // namespace headrace::tools::ctl
