#include "core/limits/accepted_wall_clock.h"

namespace headrace::core {

namespace {

// Corrections below are noise of reading two clocks one after the other.
constexpr std::int64_t kNoiseNanos = 1'000'000;

// Never 0, which says that nothing was told.
std::int64_t offset_of(Instant monotonic, WallTime wall) {
  const std::int64_t offset = wall.unix_nanos - monotonic.time_since_epoch().count();
  return offset == 0 ? 1 : offset;
}

bool within(std::int64_t difference, std::int64_t most) {
  return difference <= most && difference >= -most;
}

}  // namespace

void AcceptedWallClock::observe(Instant monotonic, WallTime system) {
  const std::int64_t told = offset_of(monotonic, system);
  std::uint64_t seen = header_->wall_offset.load();
  const std::int64_t step = told - static_cast<std::int64_t>(seen);
  if (seen == 0 || within(step, kWallStepMax.count())) {
    if (seen == 0 || !within(step, kNoiseNanos)) {
      header_->wall_offset.replace(seen, static_cast<std::uint64_t>(told));
    }
    if (header_->wall_proposed.load() != 0) header_->wall_proposed.store(0);
  } else {
    header_->wall_proposed.store(static_cast<std::uint64_t>(told));
  }
}

WallTime AcceptedWallClock::at(Instant monotonic, WallTime system) const {
  const std::uint64_t offset = header_->wall_offset.load();
  if (offset == 0) return system;
  return {.unix_nanos = monotonic.time_since_epoch().count() + static_cast<std::int64_t>(offset)};
}

std::optional<Duration> AcceptedWallClock::proposed_step() const {
  const std::uint64_t proposed = header_->wall_proposed.load();
  if (proposed == 0) return std::nullopt;
  return Duration(static_cast<std::int64_t>(proposed - header_->wall_offset.load()));
}

void AcceptedWallClock::accept(Instant monotonic, WallTime system) {
  header_->wall_offset.store(static_cast<std::uint64_t>(offset_of(monotonic, system)));
  header_->wall_proposed.store(0);
}

}  // namespace headrace::core
