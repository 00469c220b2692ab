#include "core/region_layout.h"

#include <bit>

#include "core/check.h"
#include "core/in_flight_entry.h"
#include "core/last_use_table.h"
#include "core/record_ring.h"
#include "core/reserved_memory.h"
#include "core/shard_count.h"

namespace headrace::core {

namespace {

constexpr std::uint32_t kStableSlotsMax = 1U << 24U;
constexpr std::uint32_t kEntriesPerShardMax = 1U << 22U;
constexpr std::uint64_t kAreaBytesMax = std::uint64_t{1} << 34U;

struct Bound {
  const char* name;
  std::uint64_t value;
  std::uint64_t least;
  std::uint64_t most;
};

// The largest region that passes this still fits 64 bits many times over, so that nothing below
// can wrap: 4 incarnations x 256 shards x 3 areas of at most 2^34 bytes are below 2^47.
std::expected<void, std::string> judge(const RegionGeometry& g) {
  const Bound bounds[] = {
      {"shards", g.shards, 1, kShardsMax},
      {"incarnations", g.incarnations, kIncarnationsMin, kIncarnationsMax},
      {"limit_slots", g.limit_slots, 1, kStableSlotsMax},
      {"limit_step_blocks", g.limit_step_blocks, 1, kStableSlotsMax},
      {"breaker_slots", g.breaker_slots, 1, kStableSlotsMax},
      {"key_slots", g.key_slots, 1, kStableSlotsMax},
      {"in_flight_entries", g.in_flight_entries, 1, kEntriesPerShardMax},
      {"config_bank_bytes", g.config_bank_bytes, 1, kAreaBytesMax},
      {"delta_log_bytes", g.delta_log_bytes, 1, kAreaBytesMax},
      {"refusal_bytes", g.refusal_bytes, 1, kAreaBytesMax},
      {"record_ring_bytes", g.record_ring_bytes, 1, kAreaBytesMax},
  };
  for (const Bound& bound : bounds) {
    if (bound.value >= bound.least && bound.value <= bound.most) continue;
    return std::unexpected("the shared region's " + std::string(bound.name) + " is " +
                           std::to_string(bound.value) + ", but must be from " +
                           std::to_string(bound.least) + " to " + std::to_string(bound.most));
  }
  if (!std::has_single_bit(g.record_ring_bytes)) {
    return std::unexpected("the shared region's record_ring_bytes must be a power of two");
  }
  return {};
}

std::uint64_t last_use_buckets(const RegionGeometry& g) {
  return g.config_bank_bytes / kBankBytesPerLastUse / LastUseBucket::kWords + 1;
}

// Lays areas one behind the other, each from the beginning of a page.
class Cursor {
 public:
  explicit Cursor(std::uint64_t offset) : offset_(offset) {}

  RegionArea take(std::uint64_t bytes) {
    const RegionArea area{.offset = offset_, .bytes = bytes};
    offset_ += round_up(bytes, kPageBytes);
    return area;
  }
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

 private:
  std::uint64_t offset_;
};

}  // namespace

std::expected<RegionLayout, std::string> RegionLayout::plan(const RegionGeometry& geometry) {
  if (auto judged = judge(geometry); !judged) return std::unexpected(judged.error());

  RegionLayout layout;
  layout.geometry_ = geometry;
  Cursor cursor(0);
  cursor.take(sizeof(RegionHeader));
  layout.incarnation_slots_ = cursor.take(geometry.incarnations * sizeof(IncarnationSlot));
  layout.limit_header_ = cursor.take(kLimitHeaderBytes);
  layout.limit_marks_ =
      cursor.take(std::uint64_t{limit_mark_count(geometry.limit_slots)} * kLimitMarkBytes);
  layout.limit_entries_ = cursor.take(geometry.limit_slots * kLimitEntryBytes);
  layout.limit_step_blocks_ = cursor.take(geometry.limit_step_blocks * kLimitStepBlockBytes);
  layout.breaker_slots_ = cursor.take(geometry.breaker_slots * sizeof(TargetSlot));
  layout.key_slots_ = cursor.take(geometry.key_slots * sizeof(KeySlot));
  layout.last_uses_ = cursor.take(last_use_buckets(geometry) * sizeof(LastUseBucket));
  layout.config_directory_ = cursor.take(sizeof(ConfigDirectory));
  for (RegionArea& bank : layout.config_banks_)
    bank = cursor.take(geometry.config_bank_bytes);
  layout.delta_log_ = cursor.take(geometry.delta_log_bytes);
  layout.incarnations_offset_ = cursor.offset();

  // In the order of ShardArea.
  const std::array<std::uint64_t, static_cast<std::size_t>(ShardArea::count)> bytes_each{
      sizeof(Doorbell),
      kLimitFlowsBytes,
      kLimitSharesPerShard * kLimitShareBytes,
      geometry.refusal_bytes,
      geometry.in_flight_entries * kInFlightEntryBytes,
      record_ring_area_bytes(geometry.record_ring_bytes),
  };
  Cursor within(0);
  for (std::size_t i = 0; i < bytes_each.size(); ++i) {
    PerShard& area = layout.per_shard_[i];
    area.bytes = bytes_each[i];
    const bool small = i < static_cast<std::size_t>(ShardArea::limit_shares);
    area.stride = round_up(bytes_each[i], small ? alignof(Doorbell) : kPageBytes);
    area.offset = within.take(area.stride * geometry.shards).offset;
  }
  layout.incarnation_bytes_ = within.offset();
  layout.region_bytes_ =
      layout.incarnations_offset_ + layout.incarnation_bytes_ * geometry.incarnations;
  if (layout.region_bytes_ > kRegionBytesMax) {
    return std::unexpected("the shared region would take " +
                           std::to_string(layout.region_bytes_ >> 30U) +
                           " GiB: plan for fewer shards or smaller rings");
  }
  return layout;
}

RegionArea RegionLayout::shard_area(ShardArea which, std::uint32_t incarnation,
                                    std::uint32_t shard) const {
  HEADRACE_CHECK(which < ShardArea::count);
  HEADRACE_CHECK(incarnation < geometry_.incarnations);
  HEADRACE_CHECK(shard < geometry_.shards);
  const PerShard& area = per_shard_[static_cast<std::size_t>(which)];
  return {.offset = incarnations_offset_ + incarnation * incarnation_bytes_ + area.offset +
                    shard * area.stride,
          .bytes = area.bytes};
}

RegionArea RegionLayout::accounting_area(std::uint32_t incarnation) const {
  HEADRACE_CHECK(incarnation < geometry_.incarnations);
  const std::uint64_t before = per_shard_[static_cast<std::size_t>(ShardArea::refusals)].offset;
  return {.offset = incarnations_offset_ + incarnation * incarnation_bytes_ + before,
          .bytes = incarnation_bytes_ - before};
}

}  // namespace headrace::core
