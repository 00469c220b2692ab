// Where a shard shows tokens: those that it has seen are remembered, others are verified, a bounded
// number in each turn.
//
// A signature takes up to about 100 us (RS256 and PS256 14, EdDSA 40, ES256 105), and everybody
// else on the shard waits for it. So a turn has room for kVerificationsPerTurn of them, about a
// millisecond; whoever comes beyond that is told to try again in a moment, which clients do by
// themselves. The bound is for tokens that nobody has seen yet: what is remembered costs one
// look-up.
//
// Threads: one shard, one config.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <vector>

#include "core/clock.h"
#include "policy/token/token_memory.h"
#include "policy/token/token_verifier.h"

namespace headrace::net {

class TokenDesk {
 public:
  static constexpr std::uint32_t kVerificationsPerTurn = 10;
  // Of one shard and config: about two megabytes.
  static constexpr std::size_t kTokensRemembered = 16'384;

  enum class Answer : std::uint8_t { good, refused, too_busy };
  struct Shown {
    Answer answer = Answer::too_busy;
    policy::TokenFault fault = policy::TokenFault::malformed;  // when refused
    policy::VerifiedToken token;                               // when good
  };

  // Without issuers there is nothing to remember, and no memory is taken.
  TokenDesk(const policy::config::ConfigView& config,
            std::span<const std::vector<policy::TokenKey>> keys);

  // `turn`: the shard's clock, read once a turn.
  [[nodiscard]] Shown show(std::string_view token, const policy::config::Sha256& digest,
                           std::uint64_t now_s, core::Instant turn);

 private:
  const policy::config::ConfigView* config_;
  std::unique_ptr<policy::TokenVerifier> verifier_;
  std::unique_ptr<policy::TokenMemory> memory_;
  core::Instant turn_{};
  std::uint32_t verified_in_turn_ = 0;
};

}  // namespace headrace::net
