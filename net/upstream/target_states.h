// What a shard goes by when it chooses where a request is sent: of each provider, each target of a
// route and each key, where its words lie in the shared region, and what only this shard knows
// (requests under way, latency, retry budgets).
//
// The words are found by identity (policy/resilience/slot_finder.h): of a provider by its name, of
// a target by provider and model, of a key by its credential. So a new config finds what the old
// one knew. Where the region has no slot left, what it was for goes without.
//
//   targets of one model on one provider share a breaker; one that serves any model has only its
//   provider's. Limits of a key are kept for each model that has a target of its own.
//
// Threads:  one shard; the words are everybody's.
// Lifetime: belongs to a ShardConfig.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/region_layout.h"
#include "net/config_snapshot.h"
#include "policy/config/config_view.h"
#include "policy/dialect/provider_hints.h"
#include "policy/resilience/attempt.h"
#include "policy/resilience/breaker.h"
#include "policy/resilience/headroom.h"
#include "policy/resilience/latency_average.h"
#include "policy/resilience/retry.h"
#include "policy/resilience/target_choice.h"

namespace headrace::net {

// What one attempt holds, to be given back by end().
struct AttemptHold {
  static constexpr std::uint32_t kNoTarget = UINT32_MAX;

  std::uint32_t target = kNoTarget;  // row
  std::uint32_t provider = 0;
  std::uint8_t key = 0;
  bool under_way = false;  // counted as outstanding
  bool judged = false;     // its passes are given back
  policy::BreakerPass provider_pass;
  policy::BreakerPass model_pass;
};

// What has no room by limits of ours, though it may be tried: targets of the route, and keys of
// each.
struct PassedOver {
  std::uint32_t targets = 0;
  std::array<std::uint16_t, policy::kCandidatesMax> keys{};
};

// Who is to be chosen for.
struct TargetQuestion {
  const policy::Caller* caller = nullptr;
  std::uint32_t tried = 0;      // targets of the route, a bit each
  std::uint64_t tokens = 0;     // about how many it may take
  bool exclusive_only = false;  // it names objects that are stored in one tenant's own account
  const PassedOver* passed_over = nullptr;
};

struct TargetAnswer {
  const policy::config::Target* target = nullptr;  // none may be tried now
  std::uint8_t key = 0;
  bool tried = false;         // it has been tried before
  bool last_resort = false;   // what it has for a key was refused
  std::uint32_t wait_ms = 0;  // none: until the first of them may
};

class TargetStates {
 public:
  TargetStates(const ConfigSnapshot& snapshot, std::span<core::TargetSlot> target_slots,
               std::span<core::KeySlot> key_slots);

  // What an attempt would go to now. Changes nothing.
  [[nodiscard]] TargetAnswer choose(const policy::config::Route& route,
                                    const TargetQuestion& question, core::Instant now,
                                    std::uint64_t random) const;
  // The same for a provider without a route.
  struct KeyAnswer {
    bool ready = false;
    std::uint8_t key = 0;
    std::uint32_t wait_ms = 0;
  };
  [[nodiscard]] KeyAnswer choose_key(std::uint32_t provider, core::Instant now,
                                     std::uint64_t random, std::uint16_t passed_over = 0) const;

  struct Entered {
    bool go = false;  // false: a breaker has let others through meanwhile
    policy::BreakerEvent events[2] = {};
  };
  // Takes the passes. `target` may be null.
  Entered enter(AttemptHold& hold, const policy::config::Target* target, std::uint32_t provider,
                std::uint8_t key, std::uint64_t tokens, core::Instant now);

  struct Judged {
    policy::BreakerEvent events[2] = {};
    bool benched = false;
  };
  // What the attempt says of its target and key. Only the first judgement counts, but that a
  // failure after a success counts as one. `wait_ms`: how long the provider asked for patience; 0:
  // it did not.
  Judged judge(AttemptHold& hold, policy::AttemptEnd end, std::uint32_t wait_ms, core::Instant now);
  void learn(const AttemptHold& hold, const policy::ProviderHints& hints, core::Instant now);
  void first_byte(const AttemptHold& hold, core::Duration took, core::Instant now);
  // How long its target usually takes to that; 0: not known.
  [[nodiscard]] std::uint64_t usual_first_byte_us(const AttemptHold& hold, core::Instant now) const;
  // It takes up nothing any more.
  void end(AttemptHold& hold);

  [[nodiscard]] policy::RetryBudget& budget(const policy::config::Route& route) {
    return budgets_[view_.index_of(route)];
  }
  // Requests under way, of all targets.
  [[nodiscard]] std::uint64_t outstanding() const;
  // For health checks; null: there was no room for it.
  [[nodiscard]] core::TargetSlot* provider_slot(std::uint32_t provider) const {
    return providers_[provider].slot;
  }

  // For the admin pages, which may allocate: what all shards know at present.
  struct BreakerReport {
    std::string_view provider;
    std::string_view model;  // empty: the provider's own
    policy::BreakerLook look;
    std::uint64_t failures = 0;  // within the window
    bool down = false;           // by its health checks
  };
  [[nodiscard]] std::vector<BreakerReport> report_breakers(core::Instant now) const;
  struct KeyReport {
    std::string_view provider;
    std::string_view key;
    std::string_view model;
    policy::KeyLook look;
    std::array<policy::Headroom::Window, policy::kMeasures> windows;
  };
  [[nodiscard]] std::vector<KeyReport> report_keys(core::Instant now) const;

 private:
  struct ProviderState {
    core::TargetSlot* slot = nullptr;
    std::string_view name;
    const policy::config::ProviderResilience* rules = nullptr;
    std::uint32_t first_key = 0;
  };
  struct KeyState {
    core::KeySlot* slot = nullptr;
    std::string_view name;
    std::uint32_t weight = 1;
    bool drain = false;
  };
  struct TargetState {
    core::TargetSlot* slot = nullptr;  // null: its provider's alone
    std::string_view model;            // whose it is
    std::uint32_t provider = 0;
    std::uint32_t first_limit = 0;
    std::uint32_t outstanding = 0;
    policy::LatencyAverage latency;
  };

  [[nodiscard]] std::uint32_t keys_of(std::uint32_t provider) const;
  [[nodiscard]] core::KeySlot* limit_slot(const TargetState* target, std::uint32_t provider,
                                          std::uint8_t key) const;
  [[nodiscard]] policy::Choice choose_key(std::uint32_t provider, const TargetState* target,
                                          std::uint64_t tokens, std::uint16_t passed_over,
                                          core::Instant now, std::uint64_t random,
                                          policy::Room& room) const;
  [[nodiscard]] policy::BreakerLook look(const TargetState* target, std::uint32_t provider,
                                         core::Instant now) const;
  void add_provider(const ProviderLink& link, std::span<core::TargetSlot> target_slots,
                    std::span<core::KeySlot> key_slots);
  void add_target(const policy::config::Route& route, const policy::config::Target& target,
                  const ProviderLink& link, std::span<core::TargetSlot> target_slots,
                  std::span<core::KeySlot> key_slots);

  policy::config::ConfigView view_;
  std::vector<ProviderState> providers_;
  std::vector<KeyState> keys_;                // of all providers
  std::vector<TargetState> targets_;          // by row
  std::vector<core::KeySlot*> limits_;        // of each target, for each key of its provider
  std::vector<policy::RetryBudget> budgets_;  // by route
};

// By which a provider, and a model on it (empty: the provider itself), is found in the region.
[[nodiscard]] std::uint64_t target_identity(std::string_view provider, std::string_view model);

}  // namespace headrace::net
