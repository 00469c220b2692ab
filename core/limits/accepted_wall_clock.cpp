#include "core/limits/accepted_wall_clock.h"

#include <algorithm>

namespace headrace::core {

namespace {

// Corrections below are noise of reading two clocks one after the other.
constexpr std::int64_t kNoiseNanos = 1'000'000;

// From 1933 to 2188: any two of these, and any one and a machine's uptime, can be added and
// subtracted.
constexpr std::int64_t kOffsetMin = -(std::int64_t{1} << 60U);
constexpr std::int64_t kOffsetMax = INT64_MAX - (std::int64_t{1} << 61U);

// Never 0, which says that nothing was told.
std::int64_t offset_of(Instant monotonic, WallTime wall) {
  const std::int64_t bounded = std::clamp(wall.unix_nanos, kOffsetMin / 2, kOffsetMax);
  const std::int64_t offset = bounded - monotonic.time_since_epoch().count();
  return offset == 0 ? 1 : offset;
}

// Never 0, which says that an older version told it.
std::uint64_t seal_of(std::uint64_t word) {
  word ^= word >> 32U;
  word *= 0x9e37'79b9'7f4a'7c15U;
  word ^= word >> 29U;
  return word | 1;
}

bool is_sealed(std::uint64_t word, std::uint64_t seal) {
  const auto offset = static_cast<std::int64_t>(word);
  return offset >= kOffsetMin && offset <= kOffsetMax && (seal == 0 || seal == seal_of(word));
}

bool within(std::int64_t difference, std::int64_t most) {
  return difference <= most && difference >= -most;
}

bool are_near(std::uint64_t word, std::int64_t told, std::int64_t most) {
  const auto offset = static_cast<std::int64_t>(word);
  return offset >= kOffsetMin && offset <= kOffsetMax && within(told - offset, most);
}

}  // namespace

std::optional<std::int64_t> AcceptedWallClock::offset() const {
  const std::uint64_t word = header_->wall_offset.load();
  if (word == 0 || !is_sealed(word, header_->wall_seal.load())) return std::nullopt;
  return static_cast<std::int64_t>(word);
}

bool AcceptedWallClock::observe(Instant monotonic, WallTime system) {
  const std::int64_t told = offset_of(monotonic, system);
  std::uint64_t seen = header_->wall_offset.load();
  const std::uint64_t seal = header_->wall_seal.load();
  const bool near = seen == 0 || are_near(seen, told, kWallStepMax.count());
  if (!near && is_sealed(seen, seal)) {
    header_->wall_proposed.store(static_cast<std::uint64_t>(told));
    return true;
  }
  bool overwritten = false;
  if (seal != seal_of(seen) || !are_near(seen, told, kNoiseNanos)) {
    // Of several who see it one tells it anew.
    if (header_->wall_offset.replace(seen, static_cast<std::uint64_t>(told))) {
      header_->wall_seal.store(seal_of(static_cast<std::uint64_t>(told)));
      overwritten = !near;
    }
  }
  if (header_->wall_proposed.load() != 0) header_->wall_proposed.store(0);
  return !overwritten;
}

WallTime AcceptedWallClock::at(Instant monotonic, WallTime system) const {
  const auto kept = offset();
  if (!kept) return system;
  return {.unix_nanos = monotonic.time_since_epoch().count() + *kept};
}

std::optional<Duration> AcceptedWallClock::proposed_step() const {
  const std::uint64_t proposed = header_->wall_proposed.load();
  const auto kept = offset();
  if (proposed == 0 || !is_sealed(proposed, 0) || !kept) return std::nullopt;
  return Duration(static_cast<std::int64_t>(proposed) - *kept);
}

void AcceptedWallClock::accept(Instant monotonic, WallTime system) {
  const auto told = static_cast<std::uint64_t>(offset_of(monotonic, system));
  header_->wall_offset.store(told);
  header_->wall_seal.store(seal_of(told));
  header_->wall_proposed.store(0);
}

}  // namespace headrace::core
