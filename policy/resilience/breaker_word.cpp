#include "policy/resilience/breaker_word.h"

namespace headrace::policy {
namespace {

constexpr std::uint64_t kCheckedBits = (std::uint64_t{1} << 56U) - 1;

constexpr std::uint64_t check_of(std::uint64_t word) {
  // Fibonacci hashing: the topmost bits depend on all others, and zero gives zero.
  constexpr std::uint64_t kGolden = 0x9E37'79B9'7F4A'7C15;
  return ((word & kCheckedBits) * kGolden) & ~kCheckedBits;
}

}  // namespace

std::uint64_t BreakerWord::packed() const {
  const std::uint64_t word =
      std::uint64_t{moment_ms} | std::uint64_t{std::to_underlying(state)} << 32U |
      std::uint64_t{passed} << 34U | std::uint64_t{probes} << 42U | std::uint64_t{openings} << 48U;
  return word | check_of(word);
}

std::optional<BreakerWord> BreakerWord::unpacked(std::uint64_t word) {
  const auto state = static_cast<unsigned>(word >> 32U & 3U);
  if (state >= kBreakerStates || check_of(word) != (word & ~kCheckedBits)) return std::nullopt;
  BreakerWord found;
  found.moment_ms = static_cast<std::uint32_t>(word);
  found.state = static_cast<BreakerState>(state);
  found.passed = static_cast<std::uint8_t>(word >> 34U);
  found.probes = static_cast<std::uint8_t>(word >> 42U & kProbesMax);
  found.openings = static_cast<std::uint8_t>(word >> 48U);
  const bool counts_probes = found.probes != 0 || found.passed != 0;
  if (counts_probes && found.state != BreakerState::half_open) return std::nullopt;
  return found;
}

}  // namespace headrace::policy
