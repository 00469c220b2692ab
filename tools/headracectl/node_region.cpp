#include "tools/headracectl/node_region.h"

#include <ctime>

#include "core/config_banks.h"
#include "core/limits/accepted_wall_clock.h"

namespace headrace::tools::ctl {

namespace {

std::int64_t nanos_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

std::expected<NodeRegion, std::string> NodeRegion::open(const std::string& path) {
  auto region = core::SharedRegion::open_existing(path);
  if (!region) return std::unexpected(region.error());
  return NodeRegion(std::move(*region));
}

core::LimitTime NodeRegion::now() const {
  const core::Instant monotonic = monotonic_now();
  const core::AcceptedWallClock clock(*limits().header);
  return {.monotonic = monotonic, .wall = clock.at(monotonic, system_now())};
}

std::expected<policy::config::ConfigView, std::string> NodeRegion::config() {
  const auto current = core::ConfigBanks(region_).current();
  if (!current) return std::unexpected("no data plane has put its config there yet");
  base_.assign(current->base.begin(), current->base.end());
  return policy::config::ConfigView::open(base_);
}

core::Instant NodeRegion::monotonic_now() {
  return core::Instant{core::Duration{nanos_of(CLOCK_MONOTONIC)}};
}

core::WallTime NodeRegion::system_now() {
  return {.unix_nanos = nanos_of(CLOCK_REALTIME)};
}

}  // namespace headrace::tools::ctl
