// What all shards know of one key of a provider: how much of its rate limits is left, as the
// provider last said, less what was sent since; and whether it is benched.
//
//   window word   63       32 31                  0
//                 [ remaining | resets at (ms)      ]    0: nothing is known
//   bench word    63    56 55      32 31          0
//                 [ why  | unused (0) | until (ms)  ]    0: not benched
//
// A word is believed until its moment and no longer; one that makes no sense counts as unknown.
//
// Threads: any number; the words change by single atomic operations, the last word counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/clock.h"
#include "core/region_layout.h"
#include "policy/dialect/provider_hints.h"

namespace headrace::policy {

static_assert(core::KeySlot::kWindows == kMeasures);

// Why a key is not used.
enum class BenchReason : std::uint8_t {
  none,
  refused,       // the provider does not know it, or forbids (401, 403)
  spent,         // its account is used up (402, insufficient_quota)
  rate_limited,  // 429
  drained,       // by an operator
};
inline constexpr std::size_t kBenchReasons = 5;
inline constexpr std::array<std::string_view, kBenchReasons> kBenchReasonNames = {
    "", "refused", "spent", "rate_limited", "drained"};

enum class Room : std::uint8_t {
  ample,
  tight,        // less is left than this request may take
  last_resort,  // benched, because it was refused or its account is spent: before nothing at all
  none,         // spent until a reset
};

struct KeyLook {
  Room room = Room::ample;
  std::uint32_t wait_ms = 0;  // none: until it is worth asking again
  BenchReason benched = BenchReason::none;
};

class Headroom {
 public:
  explicit Headroom(core::KeySlot& slot) : slot_(&slot) {}

  // `tokens`: about how many the request may take.
  [[nodiscard]] KeyLook look(std::uint64_t tokens, core::Instant now) const;
  // A request goes out: what is left becomes less, until the provider says how much.
  void take(std::uint64_t tokens, core::Instant now);
  void learn(const ProviderHints& hints, core::Instant now);
  // For at most kWordAheadMsMax; a longer bench is never made shorter.
  void bench(BenchReason reason, std::uint32_t for_ms, core::Instant now);
  // A request went well: the key is known and its account not spent. A rate limit lasts until its
  // reset all the same: nothing is sent meanwhile, so what went well had been sent before.
  void unbench();

  struct Window {
    bool known = false;
    std::uint32_t remaining = 0;
    std::uint32_t reset_ms = 0;  // from now
  };
  [[nodiscard]] Window window(Measure measure, core::Instant now) const;

 private:
  core::KeySlot* slot_;
};

}  // namespace headrace::policy
