// Where everything lies in the shared region: the memory that data planes, and data plane and
// control plane, have in common, and that outlives any process (not power).
//
//   +--------------------------------------------------------------+ 0
//   | RegionHeader: magic, version, sizes, checksum (never written  |
//   |   again), then the few words that all incarnations share      |
//   +--------------------------------------------------------------+ 4096
//   | IncarnationSlot x incarnations: who owns which part below;    |
//   |   a slot's own bytes in the file are what its lock covers     |
//   +--------------------------------------------------------------+
//   | limits in use: LimitHeader, marks, LimitEntry x limit_slots,  |
//   |   StepBlock x limit_step_blocks (core/limits/limit_words.h)   |
//   | TargetSlot x breaker_slots  found by the hash of a provider   |
//   | KeySlot    x key_slots      and model, or key: no new config  |
//   |                             ever resets a word                |
//   | last uses: LastUseBucket x a number that grows with the banks |
//   |            (core/last_use_table.h)                            |
//   +--------------------------------------------------------------+
//   | ConfigDirectory: generation, length and checksum of each bank |
//   | config bank 0                                                 |
//   | config bank 1                                                 |
//   | delta log: changes since the base                             |
//   +--------------------------------------------------------------+
//   | incarnation 0:  doorbells        x shards                     |
//   |                 limit flows      x shards                     |
//   |                 limit shares     x shards                     |
//   |   accounting:   refusal counts   x shards                     |
//   |                 in-flight table  x shards                     |
//   |                 record ring      x shards                     |
//   +--------------------------------------------------------------+
//   | incarnation 1 ...                                             |
//   +--------------------------------------------------------------+ region_bytes
//
// The accounting of an incarnation is by far the largest part, and needed while it lives only: its
// memory is taken from the system when the incarnation is claimed, zeroed, and given back at its
// end. All else is taken when the region is made. (A streamed answer has no table of its own: its
// entry in the in-flight table says that it is one.)
//
// Every area begins on a page. Places follow from the geometry alone, which is bounded before
// anything is computed from it: no offset is ever read from the file.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <type_traits>

namespace headrace::core {

// Changed whenever the meaning of any byte changes.
inline constexpr std::uint32_t kRegionLayoutVersion = 4;
inline constexpr std::array<char, 8> kRegionMagic{'h', 'e', 'a', 'd', 'r', 'a', 'c', 'e'};

inline constexpr std::uint32_t kIncarnationsMin = 3;  // one serves, one drains, one is recovered
inline constexpr std::uint32_t kIncarnationsMax = 4;
inline constexpr std::uint64_t kRegionBytesMax = std::uint64_t{1} << 42U;

// What a region is made for. Fixed for its life.
struct RegionGeometry {
  std::uint32_t shards = 1;
  std::uint32_t incarnations = kIncarnationsMin;
  std::uint32_t limit_slots = 4096;  // limits in use at once, and room between them
  std::uint32_t breaker_slots = 4096;
  std::uint32_t key_slots = 4096;
  std::uint32_t in_flight_entries = 4096;  // per shard
  std::uint64_t reserved = 0;              // no padding: the checksum is over all bytes
  std::uint64_t limit_step_blocks = 4096;  // sliding windows in use at once
  std::uint64_t config_bank_bytes = std::uint64_t{1024} * 1024;
  std::uint64_t delta_log_bytes = std::uint64_t{256} * 1024;
  std::uint64_t refusal_bytes = std::uint64_t{64} * 1024;       // per shard
  std::uint64_t record_ring_bytes = std::uint64_t{256} * 1024;  // per shard; a power of two

  friend bool operator==(const RegionGeometry&, const RegionGeometry&) = default;
};

// Written once, before anybody else sees the region.
struct RegionDescription {
  std::array<char, 8> magic;
  std::uint32_t layout_version;
  std::uint32_t header_bytes;
  std::uint64_t region_bytes;
  RegionGeometry geometry;
  std::int64_t created_unix_nanos;
  std::uint64_t identity;  // random: tells this region from any other one at the same path
  std::uint64_t checksum;  // XXH3 of all before it
};

struct RegionHeader {
  RegionDescription description;
  // --- written while in use ---
  alignas(64) std::atomic<std::uint64_t> epochs_given;
};

static_assert(std::has_unique_object_representations_v<RegionGeometry>);
static_assert(sizeof(RegionGeometry) == 72);
static_assert(offsetof(RegionDescription, checksum) == 112);
static_assert(offsetof(RegionHeader, epochs_given) == 128);
static_assert(sizeof(RegionHeader) <= 4096);

enum class IncarnationState : std::uint32_t { vacant = 0, in_use = 1 };

struct alignas(64) IncarnationSlot {
  std::atomic<std::uint32_t> state;  // IncarnationState; any other value counts as in_use
  std::atomic<std::uint32_t> process;
  std::atomic<std::uint64_t> epoch;
  std::atomic<std::int64_t> claimed_unix_nanos;

  [[nodiscard]] bool is_vacant() const {
    return state.load(std::memory_order_acquire) ==
           static_cast<std::uint32_t>(IncarnationState::vacant);
  }
};

static_assert(sizeof(IncarnationSlot) == 64);

// What all shards know of a provider, or of one model on it (policy/resilience/breaker.h): its
// breaker, what failed of late, and what the health checks say. All zero: nothing is known.
struct alignas(64) TargetSlot {
  static constexpr std::size_t kTallies = 5;

  std::atomic<std::uint64_t> word;   // the breaker's state: all that a request reads
  std::atomic<std::uint64_t> owner;  // the identity that it belongs to; 0: free
  std::array<std::atomic<std::uint64_t>, kTallies> tallies;
  std::atomic<std::uint64_t> health;
};

static_assert(sizeof(TargetSlot) == 64);

// What all shards know of one key of a provider, or of one model under it
// (policy/resilience/headroom.h).
struct alignas(64) KeySlot {
  static constexpr std::size_t kWindows = 4;

  std::atomic<std::uint64_t> bench;  // until when it is not to be used, and why
  std::atomic<std::uint64_t> owner;
  std::array<std::atomic<std::uint64_t>, kWindows> windows;
  std::array<std::atomic<std::uint64_t>, 2> reserved;
};

static_assert(sizeof(KeySlot) == 64);

struct ConfigDirectory {
  struct Bank {
    std::atomic<std::uint64_t> bytes;
    std::atomic<std::uint64_t> checksum;
  };
  std::atomic<std::uint64_t> generation;  // 0: nothing published; bank generation % 2 holds it
  std::array<Bank, 2> banks;
};

static_assert(sizeof(ConfigDirectory) == 40);

// Written by its shard, read by whoever waits until every shard has taken note.
struct alignas(64) Doorbell {
  std::atomic<std::uint64_t> config_generation_seen;
  std::atomic<std::uint64_t> delta_position_seen;
};

static_assert(sizeof(Doorbell) == 64);

// Keys take at least a hundred bytes of a base, and a bank has room for four times that: so there
// are at least two words for each.
inline constexpr std::uint64_t kBankBytesPerLastUse = 256;

inline constexpr std::uint64_t kLimitHeaderBytes = 64;
inline constexpr std::uint64_t kLimitEntryBytes = 64;
inline constexpr std::uint64_t kLimitMarkBytes = 8;
inline constexpr std::uint32_t kLimitEntriesPerMark = 64;
[[nodiscard]] constexpr std::uint32_t limit_mark_count(std::uint32_t limit_slots) {
  return (limit_slots + kLimitEntriesPerMark - 1) / kLimitEntriesPerMark;
}
inline constexpr std::uint64_t kLimitStepBlockBytes = 576;
inline constexpr std::uint64_t kLimitFlowsBytes = 256;
inline constexpr std::uint64_t kLimitShareBytes = 64;
inline constexpr std::uint32_t kLimitSharesPerShard = 512;

struct RegionArea {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const RegionArea&, const RegionArea&) = default;
};

enum class ShardArea : std::uint8_t {
  // these fill cache lines, not pages
  doorbell,
  limit_flows,
  // and these pages
  limit_shares,
  // accounting
  refusals,
  in_flight,
  records,
  count
};

class RegionLayout {
 public:
  // Refuses a geometry out of bounds, in words.
  static std::expected<RegionLayout, std::string> plan(const RegionGeometry& geometry);

  [[nodiscard]] const RegionGeometry& geometry() const { return geometry_; }
  [[nodiscard]] std::uint64_t region_bytes() const { return region_bytes_; }

  [[nodiscard]] RegionArea incarnation_slots() const { return incarnation_slots_; }
  [[nodiscard]] RegionArea limit_header() const { return limit_header_; }
  [[nodiscard]] RegionArea limit_marks() const { return limit_marks_; }
  [[nodiscard]] RegionArea limit_entries() const { return limit_entries_; }
  [[nodiscard]] RegionArea limit_step_blocks() const { return limit_step_blocks_; }
  [[nodiscard]] RegionArea breaker_slots() const { return breaker_slots_; }
  [[nodiscard]] RegionArea key_slots() const { return key_slots_; }
  [[nodiscard]] RegionArea last_uses() const { return last_uses_; }
  [[nodiscard]] RegionArea config_directory() const { return config_directory_; }
  [[nodiscard]] RegionArea config_bank(std::uint32_t bank) const { return config_banks_[bank]; }
  [[nodiscard]] RegionArea delta_log() const { return delta_log_; }
  // incarnation and shard below the geometry's.
  [[nodiscard]] RegionArea shard_area(ShardArea which, std::uint32_t incarnation,
                                      std::uint32_t shard) const;
  // Refusal counts, in-flight tables and record rings of all shards of an incarnation.
  [[nodiscard]] RegionArea accounting_area(std::uint32_t incarnation) const;

 private:
  struct PerShard {
    std::uint64_t offset = 0;  // from the incarnation's start, of shard 0
    std::uint64_t stride = 0;
    std::uint64_t bytes = 0;
  };

  RegionGeometry geometry_;
  RegionArea incarnation_slots_;
  RegionArea limit_header_;
  RegionArea limit_marks_;
  RegionArea limit_entries_;
  RegionArea limit_step_blocks_;
  RegionArea breaker_slots_;
  RegionArea key_slots_;
  RegionArea last_uses_;
  RegionArea config_directory_;
  std::array<RegionArea, 2> config_banks_;
  RegionArea delta_log_;
  std::array<PerShard, static_cast<std::size_t>(ShardArea::count)> per_shard_;
  std::uint64_t incarnations_offset_ = 0;
  std::uint64_t incarnation_bytes_ = 0;
  std::uint64_t region_bytes_ = 0;
};

}  // namespace headrace::core
