#include "policy/quota/limit_chain.h"

#include <algorithm>
#include <type_traits>

#include "core/hash.h"
#include "core/limits/shard_limits.h"
#include "policy/config/quota_names.h"

namespace headrace::policy {
namespace {

using config::LimitEach;
using config::LimitMeasure;
using config::LimitPeriod;
using config::LimitRule;
using config::ScopeKind;
using config::Switch;

struct Standing {
  ScopeKind kind = ScopeKind::tenant;
  std::uint64_t identity = 0;  // 0: the request counts for none of that kind
};

QuotaStage stage_of(LimitMeasure measure) {
  return measure == LimitMeasure::requests || measure == LimitMeasure::concurrent
             ? QuotaStage::admit
             : QuotaStage::reserve;
}

// For whom a rule is counted that stands at `scope`.
Standing standing_of(LimitEach each, const Standing& scope, const Caller& caller) {
  switch (each) {
    case LimitEach::scope:
      return scope;
    case LimitEach::tenant:
      return {ScopeKind::tenant, caller.tenant->identity};
    case LimitEach::project:
      return {ScopeKind::project, caller.project == nullptr ? 0 : caller.project->identity};
    case LimitEach::user:
      return {ScopeKind::user, caller.user_identity};
    case LimitEach::key:
      return {ScopeKind::key, caller.key == nullptr ? 0 : caller.key->identity};
  }
  return {};
}

// Of what only operators name.
Standing standing_of(ScopeKind kind, std::string_view name) {
  return {kind, core::hash64(name, static_cast<std::uint64_t>(kind))};
}

// Not 0, and as good as random: what names the words of a limit.
std::uint64_t identity_of(std::uint64_t scope, std::uint64_t signature) {
  const std::uint64_t hash = core::hash64({scope, signature});
  return hash == 0 ? 1 : hash;
}

core::Duration length_of(LimitPeriod period) {
  switch (period) {
    case LimitPeriod::second:
      return std::chrono::seconds(1);
    case LimitPeriod::minute:
      return std::chrono::minutes(1);
    default:
      return std::chrono::hours(1);
  }
}

core::CalendarPeriod calendar_of(LimitPeriod period) {
  switch (period) {
    case LimitPeriod::day:
      return core::CalendarPeriod::day;
    case LimitPeriod::month:
      return core::CalendarPeriod::month;
    default:
      return core::CalendarPeriod::total;
  }
}

static_assert(static_cast<std::size_t>(config::kLastMeasure) <= core::kLimitMeasuresMax,
              "each has a flow, concurrency its own");

core::LimitTerms terms_of(const ChainQuestion& question, const LimitRule& rule,
                          std::uint64_t identity, config::RowRef zone) {
  const auto value = static_cast<std::int64_t>(rule.value);
  if (rule.measure == LimitMeasure::concurrent) {
    return core::LimitTerms::concurrency(identity, value);
  }
  core::LimitTerms terms;
  if (config::is_bucket(rule)) {
    const std::int64_t burst = rule.burst == 0 ? value : static_cast<std::int64_t>(rule.burst);
    terms = core::LimitTerms::bucket(identity, burst, std::max<std::int64_t>(value, 1),
                                     length_of(rule.period));
  } else if (rule.period <= LimitPeriod::hour) {
    terms = core::LimitTerms::sliding(identity, value, length_of(rule.period));
  } else {
    const core::CalendarWindow window = question.windows->at(
        question.config->quota(), zone, calendar_of(rule.period), question.now.wall);
    terms = core::LimitTerms::calendar(identity, value, window.number, window.ends);
  }
  terms.measure = static_cast<std::uint8_t>(rule.measure);
  return terms;
}

// `into`: a chain takes what the question is about, a listing everything.
template <class Into>
class Chaining {
 public:
  Chaining(const ChainQuestion& question, const Caller& caller, Into& into)
      : question_(question), caller_(caller), into_(into) {}

  void add(config::RowRef set, const Standing& scope, config::RowRef zone) {
    for (const LimitRule& rule : question_.config->quota().rules(set)) {
      if (!asked_for(rule)) continue;
      const Standing counted = standing_of(rule.each, scope, caller_);
      if (counted.identity == 0) continue;
      if (rule.each != LimitEach::scope && replaced(rule, counted.kind)) continue;
      const std::uint64_t identity = identity_of(counted.identity, rule.signature);
      into_.add({.rule = &rule,
                 .scope = counted.kind,
                 .terms = terms_of(question_, rule, identity, zone)});
    }
  }

 private:
  [[nodiscard]] bool asked_for(const LimitRule& rule) const {
    if constexpr (std::is_same_v<Into, LimitListing>) return true;
    return stage_of(rule.measure) == question_.stage &&
           question_.config->quota().counts(rule, question_.model);
  }

  // A scope's own limit goes before one that a wider scope sets for each of its kind.
  [[nodiscard]] bool replaced(const LimitRule& rule, ScopeKind kind) const {
    config::RowRef own;
    if (kind == ScopeKind::tenant) own = caller_.tenant->limits;
    if (kind == ScopeKind::project) own = caller_.project->limits;
    if (kind == ScopeKind::user && caller_.user != nullptr) own = caller_.user->limits;
    if (kind == ScopeKind::key) own = caller_.key->limits;
    const config::LimitSet* set = question_.config->quota().set(own);
    if (set == nullptr) return false;
    return std::ranges::any_of(
        question_.config->quota().own_rules(*set), [&](const LimitRule& mine) {
          return mine.origin == rule.origin && mine.measure == rule.measure &&
                 mine.period == rule.period && mine.of_a_model == rule.of_a_model &&
                 mine.model.offset == rule.model.offset;
        });
  }

  const ChainQuestion& question_;
  const Caller& caller_;
  Into& into_;
};

template <class Into>
void chain_of_caller(const ChainQuestion& question, const Caller& caller, Into& into) {
  if (caller.rights->bypass_limits == Switch::on) return;
  Chaining chaining(question, caller, into);
  const config::Tenant& tenant = *caller.tenant;
  if (const auto* organisation = question.config->scopes().organisation(tenant)) {
    // Its tenants may live in different time zones; its own days are those of UTC.
    chaining.add(organisation->limits, {ScopeKind::organisation, organisation->identity}, {});
  }
  chaining.add(tenant.limits, {ScopeKind::tenant, tenant.identity}, tenant.zone);
  if (caller.project != nullptr) {
    chaining.add(caller.project->limits, {ScopeKind::project, caller.project->identity},
                 tenant.zone);
  }
  if (caller.user != nullptr) {
    chaining.add(caller.user->limits, {ScopeKind::user, caller.user->identity}, tenant.zone);
  }
  if (caller.key != nullptr) {
    chaining.add(caller.key->limits, {ScopeKind::key, caller.key->identity}, tenant.zone);
  }
}

template <class Into>
void chain_of_provider(const ChainQuestion& question, const config::Provider& provider,
                       Into& into) {
  const Standing scope = standing_of(ScopeKind::provider, question.config->text(provider.name));
  const Caller nobody;
  Chaining(question, nobody, into).add(provider.limits, scope, {});
}

template <class Into>
void chain_of_key(const ChainQuestion& question, const config::Provider& provider,
                  const config::ProviderKey& key, Into& into) {
  if (key.limits.none()) return;
  const Standing of = standing_of(ScopeKind::provider_key, question.config->text(provider.name));
  const Standing scope{of.kind, core::hash64(question.config->text(key.name), of.identity)};
  const Caller nobody;
  Chaining(question, nobody, into).add(key.limits, scope, {});
}

template <class Into>
void chain_of_route(const ChainQuestion& question, const config::Route& route, Into& into) {
  const config::RowRef limits = question.config->queue(route).limits;
  if (limits.none()) return;
  const Standing scope = standing_of(ScopeKind::route, question.config->text(route.name));
  const Caller nobody;
  Chaining(question, nobody, into).add(limits, scope, {});
}

}  // namespace

void list_limits(const ChainQuestion& question, const Caller& caller, LimitListing& into) {
  chain_of_caller(question, caller, into);
}

void chain_limits(const ChainQuestion& question, const Caller& caller, LimitChain& into) {
  chain_of_caller(question, caller, into);
}

void list_limits(const ChainQuestion& question, const config::Provider& provider,
                 LimitListing& into) {
  chain_of_provider(question, provider, into);
}

void list_limits(const ChainQuestion& question, const config::Provider& provider,
                 const config::ProviderKey& key, LimitListing& into) {
  chain_of_key(question, provider, key, into);
}

void list_limits(const ChainQuestion& question, const config::Route& route, LimitListing& into) {
  chain_of_route(question, route, into);
}

void chain_limits(const ChainQuestion& question, const config::Provider& provider,
                  LimitChain& into) {
  chain_of_provider(question, provider, into);
}

void chain_limits(const ChainQuestion& question, const config::Provider& provider,
                  const config::ProviderKey& key, LimitChain& into) {
  chain_of_key(question, provider, key, into);
}

void chain_limits(const ChainQuestion& question, const config::Route& route, LimitChain& into) {
  chain_of_route(question, route, into);
}

void prefetch_limits(const config::ConfigView& config, const Caller& caller,
                     const core::ShardLimits& limits) {
  const auto fetch = [&](config::RowRef set, std::uint64_t identity) {
    for (const LimitRule& rule : config.quota().rules(set)) {
      if (rule.each == LimitEach::scope) limits.prefetch(identity_of(identity, rule.signature));
    }
  };
  // The key's row is at hand; while its tenant's is on the way, its limits are already fetched.
  if (caller.key != nullptr) fetch(caller.key->limits, caller.key->identity);
  if (caller.user != nullptr) fetch(caller.user->limits, caller.user->identity);
  if (caller.project != nullptr) fetch(caller.project->limits, caller.project->identity);
  fetch(caller.tenant->limits, caller.tenant->identity);
}

bool has_limits(const config::ConfigView& config, const Caller& caller) {
  if (caller.rights->bypass_limits == Switch::on) return false;
  const auto* organisation = config.scopes().organisation(*caller.tenant);
  return (organisation != nullptr && !organisation->limits.none()) ||
         !caller.tenant->limits.none() ||
         (caller.project != nullptr && !caller.project->limits.none()) ||
         (caller.user != nullptr && !caller.user->limits.none()) ||
         (caller.key != nullptr && !caller.key->limits.none());
}

std::string_view to_text(ScopeKind scope) {
  switch (scope) {
    case ScopeKind::organisation:
      return "organisation";
    case ScopeKind::tenant:
      return "tenant";
    case ScopeKind::project:
      return "project";
    case ScopeKind::user:
      return "user";
    case ScopeKind::key:
      return "key";
    case ScopeKind::provider:
      return "provider";
    case ScopeKind::provider_key:
      return "provider_key";
    case ScopeKind::route:
      return "route";
  }
  return {};
}

}  // namespace headrace::policy
