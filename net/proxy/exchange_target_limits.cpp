// What an attempt takes of the limits of its target: of the route, the provider and its key. A
// target that has no room is passed over for the next one that has.
#include <optional>
#include <utility>

#include "core/planted_bug.h"
#include "net/proxy/exchange.h"
#include "net/proxy/target_hold.h"
#include "net/queue/shard_queue.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/quota/reservation.h"

namespace headrace::net {

using policy::Verdict;
using policy::config::ScopeKind;

namespace {

// What others give back in a moment is as good as what comes back in this time.
constexpr core::Duration kOthersGiveBack = std::chrono::seconds(1);

bool sooner(const TargetRefusal& one, const TargetRefusal& other) {
  const auto rank = [](const TargetRefusal& each) {
    return std::pair(each.cause != core::RefusalCause::spent,
                     each.retry_after.value_or(kOthersGiveBack));
  };
  return rank(one) < rank(other);
}

}  // namespace

// Finds a target with room, beginning with the one that was chosen, and takes what it needs there.
Verdict Exchange::take_of_target(std::string_view model) {
  PassedOver passed_over;
  std::optional<TargetRefusal> refused;
  for (;;) {
    policy::LimitChain& chain = shard_->limit_chain;
    chain_target_limits(model, chain);
    const bool unlimited = silent_ != nullptr && core::planted(core::PlantedBug::hedge_unlimited);
    if (chain.empty() || unlimited) {
      leave_queue();
      return write_output_cap();
    }
    if (call_.limits == nullptr) call_.limits = shard_->target_holds.make();
    if (call_.limits == nullptr) {
      reply(policy::Reason::overloaded, policy::MessageId::too_many_requests_held);
      return Verdict::reply;
    }
    if (passthrough_ == nullptr && !is_bounded(chain, call_.price != nullptr))
      return Verdict::reply;
    const auto no_room = take_all(chain, model);
    if (!no_room) {
      end_wait(chain);
      return write_output_cap();
    }
    if (!refused || sooner(*no_room, *refused)) refused = no_room;
    if (!pass_over(no_room->limit.scope, passed_over)) return wait_or_refuse(*refused);
    shard_->counters.add(ShardCount::targets_passed_over);
    if (!aim(model)) return Verdict::reply;
    look_at_target(model);
  }
}

void Exchange::chain_target_limits(std::string_view model, policy::LimitChain& chain) {
  const policy::config::ConfigView& view = config_->view();
  const policy::config::Provider& provider = view.providers()[call_.provider];
  const auto keys = view.keys(provider);
  chain.clear();
  // A key that the client brought has limits of its owner's.
  const auto* key = keys.empty() || brings_own_key_ ? nullptr : &keys[call_.hold.key];
  const bool limited = (route_ != nullptr && !view.queue(*route_).limits.none()) ||
                       !provider.limits.none() || (key != nullptr && !key->limits.none());
  if (!limited) return;
  for (const auto stage : {policy::QuotaStage::admit, policy::QuotaStage::reserve}) {
    const policy::ChainQuestion ask = question(stage, model);
    if (route_ != nullptr) policy::chain_limits(ask, *route_, chain);
    if (!provider.limits.none()) policy::chain_limits(ask, provider, chain);
    if (key != nullptr) policy::chain_limits(ask, provider, *key, chain);
  }
}

// What has no room for it, if anything has none.
std::optional<TargetRefusal> Exchange::take_all(const policy::LimitChain& chain,
                                                std::string_view model) {
  TargetHold& hold = *call_.limits;
  hold.taken.failed_open = hold.taken.beyond_soft = 0;
  policy::ChainAmounts amounts{};
  if (passthrough_ != nullptr) {
    amounts = passthrough_amounts(chain);
  } else {
    const policy::Reservation plan = plan_for_target(chain, model);
    amounts = plan.amounts;
    hold.output_max = plan.output;
    hold.output_cap = plan.write_cap ? plan.output_cap : std::nullopt;
  }
  const auto amount_of = [&](const policy::ChainedLimit& limit) {
    return amounts[static_cast<std::size_t>(&limit - chain.limits().data())];
  };
  if (const auto* limit = first_waited_for(chain)) {
    return TargetRefusal{.limit = *limit, .retry_after = {}, .amount = amount_of(*limit)};
  }
  const auto refused =
      policy::take(*shard_->limits, chain, amounts, shard_->limit_time(), hold.taken);
  if (refused) {
    return TargetRefusal{.limit = *refused->limit,
                         .cause = refused->cause,
                         .retry_after = refused->retry_after,
                         .amount = amount_of(*refused->limit)};
  }
  shard_->counters.add(ShardCount::limits_failed_open, hold.taken.failed_open);
  shard_->counters.add(ShardCount::soft_limits_exceeded, hold.taken.beyond_soft);
  return std::nullopt;
}

// Puts the next target, or key, with room by its breakers and hints in the place of the one that
// has none by our limits. False: there is none.
bool Exchange::pass_over(ScopeKind scope, PassedOver& passed_over) {
  if (scope == ScopeKind::route) return false;
  const policy::config::ConfigView& view = config_->view();
  const auto key_bit = static_cast<std::uint16_t>(1U << call_.hold.key);
  const core::Instant now = shard_->now();
  const std::uint64_t random = shard_->io->random();
  if (passthrough_ != nullptr) {
    if (scope != ScopeKind::provider_key) return false;
    passed_over.keys[0] |= key_bit;
    const auto key =
        config_->targets().choose_key(call_.provider, now, random, passed_over.keys[0]);
    if (!key.ready) return false;
    call_.hold.key = key.key;
    return true;
  }
  const auto targets = view.targets(*route_);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].provider != call_.provider) continue;
    if (scope == ScopeKind::provider) {
      passed_over.targets |= 1U << i;
    } else {
      passed_over.keys[i] |= key_bit;
    }
  }
  TargetQuestion question = target_question();
  question.passed_over = &passed_over;
  const TargetAnswer answer = config_->targets().choose(*route_, question, now, random);
  // One whose key was refused by its provider is no way out of a minute's wait.
  if (answer.target == nullptr || answer.last_resort) return false;
  // Nor is one for a second call where the first one, or another, has been.
  if (silent_ != nullptr && answer.tried) return false;
  take_as_target(answer);
  if (explanation_ != nullptr) explanation_->why = "those before it had no room";
  return true;
}

}  // namespace headrace::net
