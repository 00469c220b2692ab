#include "net/token_desk.h"

#include <utility>

namespace headrace::net {

TokenDesk::TokenDesk(const policy::config::ConfigView& config,
                     std::span<const std::vector<policy::TokenKey>> keys)
    : config_(&config) {
  if (keys.empty()) return;
  verifier_ = std::make_unique<policy::TokenVerifier>(config, keys);
  memory_ = std::make_unique<policy::TokenMemory>(kTokensRemembered);
}

TokenDesk::Shown TokenDesk::show(std::string_view token, const policy::config::Sha256& digest,
                                 std::uint64_t now_s, core::Instant turn) {
  Shown shown;
  if (const policy::VerifiedToken* known = memory_->find(digest, now_s)) {
    shown.token = *known;
  } else {
    if (std::exchange(turn_, turn) != turn) verified_in_turn_ = 0;
    if (verified_in_turn_ == kVerificationsPerTurn) return shown;
    ++verified_in_turn_;
    auto verified = verifier_->verify(token, now_s);
    if (!verified) return {.answer = Answer::refused, .fault = verified.error(), .token = {}};
    memory_->remember(digest, *verified, now_s);
    shown.token = *verified;
  }
  if (policy::denied(*config_, shown.token)) {
    return {.answer = Answer::refused, .fault = policy::TokenFault::denied, .token = {}};
  }
  shown.answer = Answer::good;
  return shown;
}

}  // namespace headrace::net
