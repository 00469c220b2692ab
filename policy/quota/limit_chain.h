// Which limits a request has to keep to: those of everybody it counts for, from its organisation
// down to its key, that fit what it asks for.
//
// Threads: pure functions over views. No allocation; the config bounds how many there can be.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/check.h"
#include "core/limits/permit.h"
#include "policy/caller.h"
#include "policy/config/config_view.h"
#include "policy/quota/calendar_windows.h"

namespace headrace::core {
class ShardLimits;
}

namespace headrace::policy {

// The two stages that take of limits.
enum class QuotaStage : std::uint8_t {
  admit,    // requests and concurrency
  reserve,  // tokens and money
};

struct ChainedLimit {
  const config::LimitRule* rule = nullptr;
  config::ScopeKind scope = config::ScopeKind::tenant;
  core::LimitTerms terms;
};

// No limit twice, in the order in which they were added; at most so many.
template <std::size_t kMost>
class LimitSequence {
 public:
  [[nodiscard]] std::span<const ChainedLimit> limits() const { return {limits_.data(), count_}; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t size() const { return count_; }
  const ChainedLimit& operator[](std::size_t at) const { return limits_[at]; }
  void clear() { count_ = 0; }

  // False where the limit is there already, by another way.
  bool add(const ChainedLimit& limit) {
    const auto same = [&](const ChainedLimit& other) {
      return other.terms.identity == limit.terms.identity;
    };
    if (std::ranges::any_of(limits(), same)) return false;
    HEADRACE_CHECK(count_ < kMost, "the config bounds the limits of a request, and of a caller");
    limits_[count_++] = limit;
    return true;
  }

 private:
  std::size_t count_ = 0;
  std::array<ChainedLimit, kMost> limits_;
};

// What one request has to keep to at one stage.
using LimitChain = LimitSequence<core::kDemandsMax>;

// All limits of a caller, whatever it asks for: of each of its five scopes the limits and budgets
// of the plan, its own, and its credits.
inline constexpr std::size_t kLimitsOfACallerMax = 5 * (4 * config::kLimitsOfAScopeMax + 1);
using LimitListing = LimitSequence<kLimitsOfACallerMax>;

struct ChainQuestion {
  const config::ConfigView* config = nullptr;
  CalendarWindows* windows = nullptr;
  QuotaStage stage = QuotaStage::admit;
  std::string_view model;  // as the client calls it; empty where there is none
  core::LimitTime now;
};

// Of both stages, and of every model: `stage` and `model` are not looked at.
void list_limits(const ChainQuestion& question, const Caller& caller, LimitListing& into);
void list_limits(const ChainQuestion& question, const config::Provider& provider,
                 LimitListing& into);
void list_limits(const ChainQuestion& question, const config::Provider& provider,
                 const config::ProviderKey& key, LimitListing& into);
void list_limits(const ChainQuestion& question, const config::Route& route, LimitListing& into);
// The limits of a caller; none where its key bypasses them.
void chain_limits(const ChainQuestion& question, const Caller& caller, LimitChain& into);
// The limits of all that is asked of one provider, with one of its keys, of one route.
void chain_limits(const ChainQuestion& question, const config::Provider& provider,
                  LimitChain& into);
void chain_limits(const ChainQuestion& question, const config::Provider& provider,
                  const config::ProviderKey& key, LimitChain& into);
void chain_limits(const ChainQuestion& question, const config::Route& route, LimitChain& into);
// Starts to fetch the words of a caller's limits, of both stages: as soon as it is known who asks.
// What its own limits are stands in rows that many share; whose they are, in rows of few.
void prefetch_limits(const config::ConfigView& config, const Caller& caller,
                     const core::ShardLimits& limits);
// Whether chain_limits() would find any, for any model.
[[nodiscard]] bool has_limits(const config::ConfigView& config, const Caller& caller);

// "tenant", "key" ... as refusals name it.
[[nodiscard]] std::string_view to_text(config::ScopeKind scope);

}  // namespace headrace::policy
