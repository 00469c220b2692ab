// What a request holds of limits, what of them it asks for, and its place where it waits for one:
// a layer of the exchange (exchange_story.h).
//
//   exchange_quota.cpp     what it holds, what is left of it, and what others are told
//   exchange_estimate.cpp  what it may take: prompt, answer and price
//   exchange_wait.cpp      its place in the queue of a limit
//
// Threads:  one shard.
// Lifetime: an exchange's.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/proxy/exchange_story.h"
#include "net/proxy/queue_wait.h"
#include "net/proxy/quota_hold.h"
#include "net/proxy/target_refusal.h"
#include "net/shard_counters.h"
#include "policy/estimate/learned_models.h"
#include "policy/price/target_prices.h"
#include "policy/quota/reservation.h"

namespace headrace::net {

struct QueueSeat;

class ExchangeQuota : protected ExchangeStory {
 protected:
  ExchangeQuota(ShardContext& shard, DownstreamConnection& downstream)
      : ExchangeStory(shard, downstream) {}
  ~ExchangeQuota() = default;

  // --- limits ----------------------------------------------------------------------------------
  [[nodiscard]] policy::ChainQuestion question(policy::QuotaStage stage, std::string_view model);
  void tell_of(const policy::ChainedLimit& limit, std::int64_t amount,
               const core::LimitReading& reading);
  void note_budget(const policy::ChainedLimit& limit, std::uint8_t percent);
  [[nodiscard]] std::string_view budget_holder(policy::config::ScopeKind scope) const;
  [[nodiscard]] static ShardCount count_of(const policy::QuotaRefusal& refused);
  [[nodiscard]] policy::NearestLimits nearest_limits();
  [[nodiscard]] policy::Consumption used_so_far();
  [[nodiscard]] std::int64_t output_max() const;
  [[nodiscard]] bool output_used_up();
  void look_at_limits_again();
  void settle_target(UpstreamCall& call, const policy::Consumption* used);

  // --- how much it may take --------------------------------------------------------------------
  [[nodiscard]] bool is_free() const;
  [[nodiscard]] policy::TargetPrices prices() const;
  [[nodiscard]] std::uint64_t learned_key(const policy::config::Target& target,
                                          std::string_view model) const;
  [[nodiscard]] policy::ModelHistory& learned();
  void look_at_target(std::string_view model);
  [[nodiscard]] std::int64_t likely_prompt_tokens();
  // Likewise, of the target of any of its calls.
  [[nodiscard]] std::int64_t likely_prompt_tokens(const UpstreamCall& call);
  [[nodiscard]] policy::ChainAmounts passthrough_amounts(const policy::LimitChain& chain) const;
  [[nodiscard]] policy::ReserveQuestion reserve_question();
  void raise_for(policy::ReserveQuestion& ask, const policy::config::Target& target,
                 const policy::config::Price* price, std::string_view model);
  [[nodiscard]] policy::Reservation plan_for_target(const policy::LimitChain& chain,
                                                    std::string_view model);

  // --- waiting for it --------------------------------------------------------------------------
  [[nodiscard]] bool may_wait() const;
  [[nodiscard]] bool has_turn() const;
  [[nodiscard]] const policy::ChainedLimit* first_waited_for(const policy::LimitChain& chain) const;
  [[nodiscard]] core::Instant ready_by(const TargetRefusal& refused, core::Instant deadline);
  [[nodiscard]] core::Duration wait_for_more(const policy::ChainedLimit& limit);
  void end_wait(const policy::LimitChain& chain);
  void leave_queue();

  QuotaHold* quota_ = nullptr;  // of a caller with limits
  QueueWait wait_;
  policy::PromptEstimate prompt_;
  bool text_counted_ = false;  // prompt_ says something

 private:
  QueueSeat& note_wait_end();
};

}  // namespace headrace::net
