// The data plane's place in the shared region: opens or makes the region, takes an incarnation,
// settles what dead ones left, and keeps the current config base where others can read it.
//
// Threads: the main thread.  Lifetime: of the process; finish() at an orderly end, otherwise the
// next data plane finds an orphan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/incarnation.h"
#include "core/limits/limit_memory.h"
#include "core/pool_spent.h"
#include "core/region_start_lock.h"
#include "core/shared_region.h"
#include "policy/config/config_view.h"

namespace headrace::net {

class RegionHome {
 public:
  // `path` empty: a region that lives as long as this process. Takes the locks of what dead
  // processes left; they are orphans() until somebody has settled them.
  static std::expected<RegionHome, std::string> open(const std::string& path, std::uint32_t shards,
                                                     const policy::config::ConfigView& view);
  // An incarnation of our own, and the base in place. Fails where all slots are taken.
  std::expected<void, std::string> claim(std::span<const std::byte> base);

  // The base that is served from now on. The error is for an operator.
  std::expected<void, std::string> publish(std::span<const std::byte> base);
  [[nodiscard]] std::vector<core::Incarnation> take_orphans() { return std::move(orphans_); }
  // What they left to be accounted for is let go.
  void drop_orphans();
  void finish();
  // What is known of providers and their keys.
  [[nodiscard]] std::span<core::TargetSlot> target_slots() const {
    return region_->breaker_slots();
  }
  [[nodiscard]] std::span<core::KeySlot> key_slots() const { return region_->key_slots(); }
  // What a dead incarnation, locked for us, held of limits.
  void give_back_limits(std::uint32_t incarnation) const;

  // A process that was started later lives in the region as well.
  [[nodiscard]] bool has_successor() const;

  [[nodiscard]] std::uint64_t bytes() const;
  // What the shards' limits stand on, and under which number.
  [[nodiscard]] core::LimitMemory limits() const { return core::LimitMemory::of(*region_); }
  [[nodiscard]] std::unique_ptr<core::PoolLedger> calendar_ledger() const;
  [[nodiscard]] std::uint32_t incarnation_number() const { return incarnation_->number(); }
  [[nodiscard]] const core::Incarnation& incarnation() const { return *incarnation_; }
  [[nodiscard]] core::SharedRegion& region() const { return *region_; }

 private:
  explicit RegionHome(core::SharedRegion region)
      : region_(std::make_unique<core::SharedRegion>(std::move(region))) {}

  std::unique_ptr<core::SharedRegion> region_;  // stays in place: the incarnation points to it
  std::optional<core::Incarnation> incarnation_;
  std::vector<core::Incarnation> orphans_;
  std::unique_ptr<core::RegionStartLock> start_;  // until our incarnation is claimed
};

}  // namespace headrace::net
