// What a request used, what that costs and whom, and its usage record, which is begun before the
// first byte goes upstream: a layer of the exchange (exchange_story.h).
//
//   exchange_settle.cpp  use and cost; what was taken of limits is settled
//   exchange_record.cpp  the usage record
//
// Threads:  one shard.
// Lifetime: an exchange's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/units.h"
#include "net/proxy/exchange_quota.h"
#include "policy/price/price_version.h"
#include "policy/record/shard_records.h"
#include "policy/resilience/attempt.h"

namespace headrace::net {

class ExchangeAccount : protected ExchangeQuota {
 protected:
  ExchangeAccount(ShardContext& shard, DownstreamConnection& downstream)
      : ExchangeQuota(shard, downstream) {}
  ~ExchangeAccount() = default;

  // --- settle ----------------------------------------------------------------------------------
  void settle();
  [[nodiscard]] policy::Usage usage_charged();
  [[nodiscard]] std::optional<core::MicroUsd> reserved_money() const;

  // --- the record ------------------------------------------------------------------------------
  // As far as it is known before anything was sent.
  [[nodiscard]] policy::UsageRecord intended_record(std::span<char> tags,
                                                    const policy::PriceVersionText& price);
  void note_attempt();
  void note_attempt_end(UpstreamCall& call, UpstreamFailure failure);
  void note_first_byte();
  void note_progress();
  void write_usage_record();

  policy::Usage usage_;  // once it is settled
  core::MicroUsd cost_;  // likewise
  policy::RecordTicket ticket_;

 private:
  [[nodiscard]] bool is_charged() const;
  // Of an answer from the cache: what it once took and has saved now.
  [[nodiscard]] policy::Usage usage_uncharged() const;
  [[nodiscard]] policy::LostCost lost_cost_charged() const;
  void settle_limits(const policy::Consumption* used);
  void learn_from_answer();

  void intend_cost(policy::UsageRecord& intent);
  void record_hit(policy::UsageRecord& record, policy::PriceVersionText& version) const;
  [[nodiscard]] policy::Usage usage_of_record() const;
  [[nodiscard]] policy::RecordEnding ending() const;
  void count_refusal();

  std::int64_t input_estimate_ = 0;  // tokens, where the provider has not said yet
};

}  // namespace headrace::net
