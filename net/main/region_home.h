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

#include "core/incarnation.h"
#include "core/limits/limit_memory.h"
#include "core/shared_region.h"

namespace headrace::net {

class RegionHome {
 public:
  // `path` empty: a region that lives as long as this process.
  static std::expected<RegionHome, std::string> open(const std::string& path, std::uint32_t shards,
                                                     std::uint64_t limits_in_use_max,
                                                     std::span<const std::byte> base);

  // The base that is served from now on. The error is for an operator.
  std::expected<void, std::string> publish(std::span<const std::byte> base);
  void finish();
  // What is known of providers and their keys.
  [[nodiscard]] std::span<core::TargetSlot> target_slots() const {
    return region_->breaker_slots();
  }
  [[nodiscard]] std::span<core::KeySlot> key_slots() const { return region_->key_slots(); }

  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] std::uint64_t incarnation() const { return incarnation_->epoch(); }
  // What the shards' limits stand on, and under which number.
  [[nodiscard]] core::LimitMemory limits() const { return core::LimitMemory::of(*region_); }
  [[nodiscard]] std::uint32_t incarnation_number() const { return incarnation_->number(); }

 private:
  explicit RegionHome(core::SharedRegion region)
      : region_(std::make_unique<core::SharedRegion>(std::move(region))) {}

  std::unique_ptr<core::SharedRegion> region_;  // stays in place: the incarnation points to it
  std::optional<core::Incarnation> incarnation_;
};

}  // namespace headrace::net
