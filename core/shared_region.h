// The shared region itself: a file in memory (by path on a tmpfs, or anonymous), mapped whole.
//
// Threads:    opening and closing on one thread; the areas follow each its own rules.
// Invariants: a region that opens has the right magic, version, size and checksum. Its memory is
//             taken from the system when it is made (an incarnation's accounting when that is
//             claimed), so that no store fails later.
// Errors:     words for an operator: what does not fit, and the mending. A region that does not fit
//             is never changed, repaired or deleted here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>

#include "core/clock.h"
#include "core/last_use_table.h"
#include "core/region_layout.h"

namespace headrace::core {

class SharedRegion {
 public:
  // Opens the region at `path`, making it first where there is none. One that exists must have been
  // made for the same geometry. `identity` is a random number for a new one.
  static std::expected<SharedRegion, std::string> open(const std::string& path,
                                                       const RegionGeometry& geometry, WallTime now,
                                                       std::uint64_t identity);
  // Opens what exists, with whatever geometry it has: for tools and the control plane.
  static std::expected<SharedRegion, std::string> open_existing(const std::string& path);
  // Lives as long as a process holds it: for tests, and where no path is given.
  static std::expected<SharedRegion, std::string> make_anonymous(const RegionGeometry& geometry,
                                                                 WallTime now,
                                                                 std::uint64_t identity);

  SharedRegion(SharedRegion&& other) noexcept;
  SharedRegion& operator=(SharedRegion&& other) noexcept;
  ~SharedRegion();

  [[nodiscard]] const RegionLayout& layout() const { return layout_; }
  [[nodiscard]] const RegionGeometry& geometry() const { return layout_.geometry(); }
  [[nodiscard]] std::uint64_t identity() const { return header().description.identity; }
  [[nodiscard]] int descriptor() const { return descriptor_; }

  [[nodiscard]] RegionHeader& header() const;
  [[nodiscard]] std::span<IncarnationSlot> incarnation_slots() const;
  // Their words: core/limits/limit_memory.h.
  [[nodiscard]] std::span<std::byte> limit_header() const;
  [[nodiscard]] std::span<std::byte> limit_marks() const;
  [[nodiscard]] std::span<std::byte> limit_entries() const;
  [[nodiscard]] std::span<std::byte> limit_step_blocks() const;
  [[nodiscard]] std::span<TargetSlot> breaker_slots() const;
  [[nodiscard]] std::span<KeySlot> key_slots() const;
  [[nodiscard]] LastUseTable last_uses() const;
  [[nodiscard]] ConfigDirectory& config_directory() const;
  [[nodiscard]] std::span<std::byte> config_bank(std::uint32_t bank) const;
  [[nodiscard]] std::span<std::byte> delta_log() const;
  [[nodiscard]] Doorbell& doorbell(std::uint32_t incarnation, std::uint32_t shard) const;
  [[nodiscard]] std::span<std::byte> shard_area(ShardArea which, std::uint32_t incarnation,
                                                std::uint32_t shard) const;

 private:
  SharedRegion(int descriptor, std::byte* memory, const RegionLayout& layout)
      : descriptor_(descriptor), memory_(memory), layout_(layout) {}

  static std::expected<SharedRegion, std::string> make(int descriptor, const std::string& name,
                                                       const RegionGeometry& geometry, WallTime now,
                                                       std::uint64_t identity);
  static std::expected<SharedRegion, std::string> map(int descriptor, const std::string& name,
                                                      const RegionLayout& layout);
  // Judges the header of an existing file before anything of it is mapped.
  static std::expected<RegionLayout, std::string> examine(int descriptor, const std::string& name);

  [[nodiscard]] std::span<std::byte> area(RegionArea area) const;
  // For whoever holds the incarnation's lock: zeroed memory for its accounting, and its end.
  std::expected<void, std::string> take_accounting(std::uint32_t incarnation);
  void give_back_accounting(std::uint32_t incarnation);

  int descriptor_ = -1;
  std::byte* memory_ = nullptr;
  RegionLayout layout_;
  // Bits. The kernel's locks do not tell two holders behind one descriptor apart.
  std::uint32_t incarnations_held_ = 0;
  friend class Incarnation;
};

}  // namespace headrace::core
