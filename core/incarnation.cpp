#include "core/incarnation.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/check.h"
#include "core/record_ring.h"

namespace headrace::core {

namespace {

constexpr auto kVacant = static_cast<std::uint32_t>(IncarnationState::vacant);
constexpr auto kInUse = static_cast<std::uint32_t>(IncarnationState::in_use);

enum class LockAnswer : std::uint8_t { ours, held, failed };

LockAnswer set_lock(const SharedRegion& region, std::uint32_t number, short type) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(region.layout().incarnation_slots().offset +
                                    number * sizeof(IncarnationSlot));
  lock.l_len = sizeof(IncarnationSlot);
  while (::fcntl(region.descriptor(), F_OFD_SETLK, &lock) != 0) {
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EACCES ? LockAnswer::held : LockAnswer::failed;
  }
  return LockAnswer::ours;
}

// False: the kernel has no random numbers.
bool begin_record_rings(const SharedRegion& region, std::uint32_t number) {
  for (std::uint32_t shard = 0; shard < region.geometry().shards; ++shard) {
    std::uint64_t random = 0;
    if (::getrandom(&random, sizeof random, 0) != sizeof random) return false;
    begin_record_ring(region.shard_area(ShardArea::records, number, shard), random);
  }
  return true;
}

}  // namespace

std::expected<Incarnation, std::string> Incarnation::claim(SharedRegion& region, WallTime now) {
  std::string report;
  for (std::uint32_t number = 0; number < region.geometry().incarnations; ++number) {
    IncarnationSlot& slot = region.incarnation_slots()[number];
    if (slot.is_vacant() && !held_by_us(region, number)) {
      const LockAnswer answer = set_lock(region, number, F_WRLCK);
      if (answer == LockAnswer::failed) {
        return std::unexpected("the shared region's file cannot be locked: " +
                               std::string(std::strerror(errno)));
      }
      if (answer == LockAnswer::ours) {
        Incarnation claimed(region, number, 0);
        // It may have been claimed and left by a process that died in between.
        if (slot.is_vacant()) {
          if (auto taken = region.take_accounting(number); !taken) {
            return std::unexpected("the shared region " + taken.error());
          }
          if (!begin_record_rings(region, number)) {
            return std::unexpected("the kernel has no random numbers");
          }
          claimed.epoch_ = region.header().epochs_given.fetch_add(1) + 1;
          slot.epoch.store(claimed.epoch_, std::memory_order_relaxed);
          slot.process.store(static_cast<std::uint32_t>(::getpid()), std::memory_order_relaxed);
          slot.claimed_unix_nanos.store(now.unix_nanos, std::memory_order_relaxed);
          slot.state.store(kInUse, std::memory_order_release);
          return claimed;
        }
      }
    }
    if (!report.empty()) report += ", ";
    report += std::to_string(slot.process.load(std::memory_order_relaxed));
  }
  return std::unexpected("all " + std::to_string(region.geometry().incarnations) +
                         " incarnations of the shared region are in use, by processes " + report +
                         ": stop one of them");
}

Incarnation::Incarnation(SharedRegion& region, std::uint32_t number, std::uint64_t epoch)
    : region_(&region), number_(number), epoch_(epoch) {
  region.incarnations_held_ |= 1U << number;
}

bool Incarnation::held_by_us(const SharedRegion& region, std::uint32_t number) {
  return (region.incarnations_held_ >> number & 1U) != 0;
}

std::vector<Incarnation> Incarnation::claim_orphans(SharedRegion& region) {
  std::vector<Incarnation> orphans;
  for (std::uint32_t number = 0; number < region.geometry().incarnations; ++number) {
    IncarnationSlot& slot = region.incarnation_slots()[number];
    if (slot.is_vacant()) continue;
    if (held_by_us(region, number)) continue;
    if (set_lock(region, number, F_WRLCK) != LockAnswer::ours) continue;
    Incarnation locked(region, number, slot.epoch.load(std::memory_order_relaxed));
    // Its owner may have finished in good order between our look and our lock.
    if (!slot.is_vacant()) orphans.push_back(std::move(locked));
  }
  return orphans;
}

Incarnation::Incarnation(Incarnation&& other) noexcept
    : region_(std::exchange(other.region_, nullptr)),
      number_(other.number_),
      epoch_(other.epoch_) {}

Incarnation& Incarnation::operator=(Incarnation&& other) noexcept {
  if (this != &other) {
    release();
    region_ = std::exchange(other.region_, nullptr);
    number_ = other.number_;
    epoch_ = other.epoch_;
  }
  return *this;
}

Incarnation::~Incarnation() {
  release();
}

void Incarnation::finish() {
  HEADRACE_CHECK(region_ != nullptr, "an incarnation was finished twice");
  region_->incarnation_slots()[number_].state.store(kVacant, std::memory_order_release);
  region_->give_back_accounting(number_);
  release();
}

void Incarnation::release() {
  if (region_ == nullptr) return;
  set_lock(*region_, number_, F_UNLCK);
  region_->incarnations_held_ &= ~(1U << number_);
  region_ = nullptr;
}

}  // namespace headrace::core
