#include "net/main/region_home.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <ctime>
#include <random>

#include <fmt/format.h>

#include "core/config_banks.h"
#include "core/event_log.h"
#include "core/limits/limit_recovery.h"
#include "core/region_start_lock.h"

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

std::uint64_t some_identity() {
  std::random_device device;
  return std::uint64_t{device()} << 32U | device();
}

}  // namespace

std::expected<RegionHome, std::string> RegionHome::open(const std::string& path,
                                                        std::uint32_t shards,
                                                        std::uint64_t limits_in_use_max,
                                                        std::span<const std::byte> base) {
  core::RegionGeometry geometry;
  geometry.shards = shards;
  // Two fifths of the table stay free, so that look-ups are short; every limit in use may be one
  // with steps.
  geometry.limit_slots = static_cast<std::uint32_t>(limits_in_use_max * 10 / 6);
  geometry.limit_step_blocks = limits_in_use_max;
  // A base may grow fourfold by reloads before the region must be made anew.
  geometry.config_bank_bytes =
      std::max<std::uint64_t>(geometry.config_bank_bytes, std::bit_ceil(base.size()) * 4);
  auto region = path.empty()
                    ? core::SharedRegion::make_anonymous(geometry, wall_now(), some_identity())
                    : core::SharedRegion::open(path, geometry, wall_now(), some_identity());
  if (!region) return std::unexpected(std::move(region.error()));
  RegionHome home(std::move(*region));
  const core::RegionStartLock start(*home.region_);
  if (!start.held()) return std::unexpected("the shared region's file cannot be locked");
  // What a dead one held of limits comes back. Its counters and tables are let go.
  for (core::Incarnation& orphan : core::Incarnation::claim_orphans(*home.region_)) {
    const auto recovered = core::recover_limits(home.limits(), orphan.number(), limit_now());
    HEADRACE_EVENT(warning,
                   "incarnation {} ended without saying so; its slot is free again, and the {} "
                   "concurrent permits and {} shares of limits that it held",
                   orphan.epoch(), recovered.permits_returned, recovered.shares_returned);
    orphan.finish();
  }
  const auto vacant = static_cast<std::uint32_t>(core::IncarnationState::vacant);
  if (std::ranges::all_of(home.region_->incarnation_slots(),
                          [&](const auto& slot) { return slot.state.load() == vacant; })) {
    core::collect_lost_step_blocks(home.limits());
  }
  auto incarnation = core::Incarnation::claim(*home.region_, wall_now());
  if (!incarnation) return std::unexpected(std::move(incarnation.error()));
  home.incarnation_.emplace(std::move(*incarnation));
  if (auto published = home.publish(base); !published) {
    return std::unexpected(std::move(published.error()));
  }
  return home;
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

void RegionHome::finish() {
  core::recover_limits(limits(), incarnation_->number(), limit_now());
  incarnation_->finish();
}

std::uint64_t RegionHome::bytes() const {
  return region_->header().description.region_bytes;
}

}  // namespace headrace::net
