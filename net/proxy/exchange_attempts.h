// A request's attempts at providers: what each of them tells of its provider and leaves behind, and
// whether there may be another: a layer of the exchange (exchange_story.h).
//
// Threads:  one shard.
// Lifetime: an exchange's.
#pragma once

#include <span>

#include "net/http/response_head.h"
#include "net/proxy/exchange_account.h"
#include "net/upstream/target_states.h"
#include "policy/dialect/google.h"
#include "policy/resilience/attempt.h"

namespace headrace::net {

class ExchangeAttempts : protected ExchangeAccount {
 protected:
  ExchangeAttempts(ShardContext& shard, DownstreamConnection& downstream)
      : ExchangeAccount(shard, downstream) {}
  ~ExchangeAttempts() = default;

  // --- another one -----------------------------------------------------------------------------
  [[nodiscard]] const policy::RetryRules& retry_rules() const;
  [[nodiscard]] std::uint64_t likely_tokens() const;
  [[nodiscard]] TargetQuestion target_question() const;
  [[nodiscard]] bool may_try_again() const;
  [[nodiscard]] bool goes_elsewhere() const;
  [[nodiscard]] bool may_hedge() const;

  // --- one of them -----------------------------------------------------------------------------
  void learn_from_head(UpstreamCall& call, const http::ResponseHead& head);
  // Of an answer with that status: whose key is refused there is ours, not the client's.
  [[nodiscard]] bool refuses_our_key(std::uint16_t status) const {
    return status == 401 && !brings_own_key_;
  }
  // ... or it may be, and its body says so.
  [[nodiscard]] bool may_refuse_our_key(std::uint16_t status) const {
    return policy::may_hide_key_refusal(status) && body_tells_of_our_key();
  }
  // Only there the call's provider says that it does not take our key.
  [[nodiscard]] bool body_tells_of_our_key() const;
  // It has, as far as the body was read.
  [[nodiscard]] bool body_refuses_our_key() const;
  [[nodiscard]] policy::AttemptEnd end_of_answer();
  [[nodiscard]] policy::AttemptEnd end_of_failure(UpstreamFailure failure) const;
  void judge_attempt(UpstreamCall& call, policy::AttemptEnd end);
  void end_attempt(policy::AttemptEnd end) { end_attempt(call_, end, failure_); }
  void end_attempt(UpstreamCall& call, policy::AttemptEnd end, UpstreamFailure failure);
  void count(std::span<const policy::BreakerEvent> events);
  void note_refused_key(const UpstreamCall& call);

 private:
  [[nodiscard]] bool leaves_something() const;
};

}  // namespace headrace::net
