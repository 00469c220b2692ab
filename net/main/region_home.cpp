#include "net/main/region_home.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <ctime>
#include <random>

#include <fmt/format.h>

#include "core/config_banks.h"
#include "core/event_log.h"
#include "core/limits/calendar_ledger.h"
#include "core/limits/limit_recovery.h"
#include "core/record_ring.h"
#include "policy/record/record_codec.h"
#include "policy/record/refusal_bank.h"

namespace headrace::net {

namespace {

core::WallTime wall_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return {std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec};
}

core::LimitTime limit_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return {.monotonic = core::Instant{std::chrono::seconds{now.tv_sec} +
                                     std::chrono::nanoseconds{now.tv_nsec}},
          .wall = wall_now()};
}

// Room for a minute of records, and for what is under way; without a journal, for neither.
void plan_accounting(const policy::config::JournalSettings& journal,
                     core::RegionGeometry& geometry) {
  constexpr std::uint64_t kSecondsHeld = 60;
  constexpr std::uint64_t kUsualRecordBytes = 512;
  if (journal.directory.empty()) {
    geometry.in_flight_entries = 1;
    geometry.record_ring_bytes = core::kRecordRingCapacityMin;
    geometry.refusal_bytes = 1;
    return;
  }
  geometry.refusal_bytes = policy::kRefusalAreaBytes;
  geometry.in_flight_entries = static_cast<std::uint32_t>(journal.requests_under_way_max);
  const std::uint64_t planned =
      journal.records_per_second_planned * kSecondsHeld * kUsualRecordBytes;
  // What is under way holds room for the longest record each.
  const std::uint64_t held =
      journal.requests_under_way_max * core::record_ring_footprint(policy::kRecordBytesMax);
  geometry.record_ring_bytes = std::bit_ceil(std::max(planned, held / 2));
}

std::uint64_t some_identity() {
  std::random_device device;
  return std::uint64_t{device()} << 32U | device();
}

}  // namespace

std::expected<RegionHome, std::string> RegionHome::open(const std::string& path,
                                                        std::uint32_t shards,
                                                        const policy::config::ConfigView& view) {
  const std::uint64_t limits_in_use_max = view.quota().settings().limits_in_use_max;
  core::RegionGeometry geometry;
  geometry.shards = shards;
  // Two fifths of the table stay free, so that look-ups are short; every limit in use may be one
  // with steps.
  geometry.limit_slots = static_cast<std::uint32_t>(limits_in_use_max * 10 / 6);
  geometry.limit_step_blocks = limits_in_use_max;
  // A base may grow fourfold by reloads before the region must be made anew.
  geometry.config_bank_bytes =
      std::max<std::uint64_t>(geometry.config_bank_bytes, std::bit_ceil(view.bytes().size()) * 4);
  plan_accounting(view.settings().journal, geometry);
  auto region = path.empty()
                    ? core::SharedRegion::make_anonymous(geometry, wall_now(), some_identity())
                    : core::SharedRegion::open(path, geometry, wall_now(), some_identity());
  if (!region) return std::unexpected(std::move(region.error()));
  RegionHome home(std::move(*region));
  home.start_ = std::make_unique<core::RegionStartLock>(*home.region_);
  if (!home.start_->held()) return std::unexpected("the shared region's file cannot be locked");
  home.orphans_ = core::Incarnation::claim_orphans(*home.region_);
  // What the dead held of limits comes back at once; their records take a disk.
  for (const core::Incarnation& orphan : home.orphans_) {
    const auto recovered = core::recover_limits(home.limits(), orphan.number(), limit_now());
    HEADRACE_EVENT(
        warning,
        "incarnation {} ended without saying so; the {} concurrent permits and {} shares "
        "of limits that it held are given back",
        orphan.epoch(), recovered.permits_returned, recovered.shares_returned);
  }
  const auto in_use = static_cast<std::size_t>(
      std::ranges::count_if(home.region_->incarnation_slots(),
                            [](const core::IncarnationSlot& slot) { return !slot.is_vacant(); }));
  if (in_use == home.orphans_.size()) core::collect_lost_step_blocks(home.limits());
  return home;
}

std::expected<void, std::string> RegionHome::claim(std::span<const std::byte> base) {
  auto incarnation = core::Incarnation::claim(*region_, wall_now());
  if (!incarnation) return std::unexpected(std::move(incarnation.error()));
  start_.reset();
  incarnation_.emplace(std::move(*incarnation));
  return publish(base);
}

void RegionHome::drop_orphans() {
  for (core::Incarnation& orphan : take_orphans())
    orphan.finish();
}

std::expected<void, std::string> RegionHome::publish(std::span<const std::byte> base) {
  core::ConfigBanks banks(*region_);
  const std::span<std::byte> bank = banks.next_bank();
  if (base.size() > bank.size()) {
    return std::unexpected(fmt::format(
        "the config base of {} bytes does not fit the shared region's bank of {}: remove the "
        "region's file while no data plane runs, and start again",
        base.size(), bank.size()));
  }
  std::memcpy(bank.data(), base.data(), base.size());
  banks.publish(base.size());
  return {};
}

std::unique_ptr<core::PoolLedger> RegionHome::calendar_ledger() const {
  return std::make_unique<core::CalendarLedger>(limits(), incarnation_number(), limit_now());
}

void RegionHome::give_back_limits(std::uint32_t incarnation) const {
  core::recover_limits(limits(), incarnation, limit_now());
}

void RegionHome::finish() {
  give_back_limits(incarnation_->number());
  incarnation_->finish();
}

bool RegionHome::has_successor() const {
  return std::ranges::any_of(region_->incarnation_slots(), [&](const core::IncarnationSlot& slot) {
    return !slot.is_vacant() && slot.epoch.load() > incarnation_->epoch();
  });
}

std::uint64_t RegionHome::bytes() const {
  return region_->header().description.region_bytes;
}

}  // namespace headrace::net
