#include "net/upstream/target_states.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/check.h"
#include "core/hash.h"
#include "policy/resilience/health.h"
#include "policy/resilience/slot_finder.h"

namespace headrace::net {

namespace config = policy::config;
using policy::Blame;
using policy::Breaker;
using policy::BreakerOutcome;
using policy::Candidate;
using policy::Headroom;
using policy::Room;

namespace {

// A rate limit that does not say when it ends.
constexpr std::uint32_t kUnknownResetMs = 1'000;

// The model that a target stands for; empty: whatever is asked for.
std::string_view model_of(const config::ConfigView& view, const config::Route& route,
                          const config::Target& target) {
  if (!target.model.empty()) return view.text(target.model);
  const auto names = view.models(route);
  if (names.size() != 1 || names[0].match != config::ModelMatch::exact) return {};
  return view.text(names[0].text);
}

}  // namespace

std::uint64_t target_identity(std::string_view provider, std::string_view model) {
  return core::hash64(model, core::hash64(provider));
}

TargetStates::TargetStates(const ConfigSnapshot& snapshot, std::span<core::TargetSlot> target_slots,
                           std::span<core::KeySlot> key_slots)
    : view_(snapshot.view()), budgets_(view_.routes().size()) {
  for (const ProviderLink& link : snapshot.providers())
    add_provider(link, target_slots, key_slots);
  for (const config::Route& route : view_.routes()) {
    for (const config::Target& target : view_.targets(route)) {
      targets_.resize(std::max<std::size_t>(targets_.size(), view_.index_of(target) + 1));
      add_target(route, target, snapshot.providers()[target.provider], target_slots, key_slots);
    }
  }
}

void TargetStates::add_provider(const ProviderLink& link, std::span<core::TargetSlot> target_slots,
                                std::span<core::KeySlot> key_slots) {
  providers_.push_back({.slot = policy::find_slot(target_slots, target_identity(link.name, {})),
                        .name = link.name,
                        .rules = &view_.resilience(*link.row),
                        .first_key = static_cast<std::uint32_t>(keys_.size())});
  for (const KeyLink& key : link.keys) {
    keys_.push_back({.slot = policy::find_slot(key_slots, key.identity),
                     .name = key.name,
                     .weight = key.weight,
                     .drain = key.drain});
  }
}

void TargetStates::add_target(const config::Route& route, const config::Target& target,
                              const ProviderLink& link, std::span<core::TargetSlot> target_slots,
                              std::span<core::KeySlot> key_slots) {
  const std::string_view model = model_of(view_, route, target);
  TargetState& state = targets_[view_.index_of(target)];
  state.first_limit = static_cast<std::uint32_t>(limits_.size());
  state.model = model;
  state.provider = link.index;
  if (!model.empty()) {
    state.slot = policy::find_slot(target_slots, target_identity(link.name, model));
  }
  for (std::uint32_t key = 0; key < link.keys.size(); ++key) {
    limits_.push_back(
        model.empty() ? keys_[providers_[link.index].first_key + key].slot
                      : policy::find_slot(key_slots, core::hash64(model, link.keys[key].identity)));
  }
}

std::uint32_t TargetStates::keys_of(std::uint32_t provider) const {
  const std::size_t end =
      provider + 1 < providers_.size() ? providers_[provider + 1].first_key : keys_.size();
  return static_cast<std::uint32_t>(end) - providers_[provider].first_key;
}

core::KeySlot* TargetStates::limit_slot(const TargetState* target, std::uint32_t provider,
                                        std::uint8_t key) const {
  if (target != nullptr) return limits_[target->first_limit + key];
  return keys_[providers_[provider].first_key + key].slot;
}

// --- reports -------------------------------------------------------------------------------------

std::vector<TargetStates::BreakerReport> TargetStates::report_breakers(core::Instant now) const {
  std::vector<BreakerReport> reports;
  std::vector<const core::TargetSlot*> seen;
  const auto add = [&](std::uint32_t provider, std::string_view model, core::TargetSlot* slot) {
    if (slot == nullptr || std::ranges::find(seen, slot) != seen.end()) return;
    seen.push_back(slot);
    const ProviderState& state = providers_[provider];
    const Breaker breaker(*slot);
    reports.push_back({.provider = state.name,
                       .model = model,
                       .look = breaker.look(state.rules->breaker, now),
                       .failures = breaker.tally(state.rules->breaker, now).failures,
                       .down = policy::Health(slot->health).is_down(state.rules->health, now)});
  };
  for (std::uint32_t i = 0; i < providers_.size(); ++i)
    add(i, {}, providers_[i].slot);
  for (const TargetState& target : targets_)
    add(target.provider, target.model, target.slot);
  return reports;
}

std::vector<TargetStates::KeyReport> TargetStates::report_keys(core::Instant now) const {
  std::vector<KeyReport> reports;
  std::vector<const core::KeySlot*> seen;
  const auto add = [&](std::uint32_t provider, std::uint32_t key, std::string_view model,
                       core::KeySlot* slot) {
    if (slot == nullptr || std::ranges::find(seen, slot) != seen.end()) return;
    seen.push_back(slot);
    const Headroom headroom(*slot);
    KeyReport& report = reports.emplace_back();
    report.provider = providers_[provider].name;
    report.key = keys_[providers_[provider].first_key + key].name;
    report.model = model;
    report.look = headroom.look(0, now);
    for (std::size_t i = 0; i < policy::kMeasures; ++i)
      report.windows[i] = headroom.window(static_cast<policy::Measure>(i), now);
  };
  for (std::uint32_t provider = 0; provider < providers_.size(); ++provider) {
    for (std::uint32_t key = 0; key < keys_of(provider); ++key)
      add(provider, key, {}, keys_[providers_[provider].first_key + key].slot);
  }
  for (const TargetState& target : targets_) {
    for (std::uint32_t key = 0; key < keys_of(target.provider); ++key)
      add(target.provider, key, target.model, limits_[target.first_limit + key]);
  }
  return reports;
}

std::uint64_t TargetStates::outstanding() const {
  std::uint64_t sum = 0;
  for (const TargetState& target : targets_)
    sum += target.outstanding;
  return sum;
}

// --- choosing ------------------------------------------------------------------------------------

policy::BreakerLook TargetStates::look(const TargetState* target, std::uint32_t provider,
                                       core::Instant now) const {
  const ProviderState& state = providers_[provider];
  policy::BreakerLook look;
  if (state.slot != nullptr) {
    look = Breaker(*state.slot).look(state.rules->breaker, now);
    if (policy::Health(state.slot->health).is_down(state.rules->health, now)) {
      look.ready = false;
      look.wait_ms = std::max(look.wait_ms, state.rules->health.interval_ms);
    }
  }
  if (target == nullptr || target->slot == nullptr) return look;
  const policy::BreakerLook model = Breaker(*target->slot).look(state.rules->breaker, now);
  look.ready = look.ready && model.ready;
  look.wait_ms = std::max(look.wait_ms, model.wait_ms);
  return look;
}

policy::Choice TargetStates::choose_key(std::uint32_t provider, const TargetState* target,
                                        std::uint64_t tokens, std::uint16_t passed_over,
                                        core::Instant now, std::uint64_t random, Room& room) const {
  std::array<Candidate, config::kProviderKeysMax> candidates;
  const auto count = static_cast<std::uint8_t>(keys_of(provider));  // kProviderKeysMax at most
  const KeyState* keys = &keys_[providers_[provider].first_key];
  room = Room::none;
  for (std::uint8_t i = 0; i < count; ++i) {
    Candidate& candidate = candidates[i];
    candidate.weight = keys[i].weight;
    candidate.eligible = !keys[i].drain && (unsigned{passed_over} >> i & 1U) == 0;
    core::KeySlot* limit = limit_slot(target, provider, i);
    policy::KeyLook look;
    if (keys[i].slot != nullptr) look = Headroom(*keys[i].slot).look(tokens, now);
    if (limit != nullptr && limit != keys[i].slot) {
      const policy::KeyLook of_model = Headroom(*limit).look(tokens, now);
      look.room = std::max(look.room, of_model.room);
      look.wait_ms = std::max(look.wait_ms, of_model.wait_ms);
    }
    candidate.room = look.room;
    candidate.wait_ms = look.wait_ms;
    if (candidate.eligible) room = std::min(room, look.room);
  }
  return policy::choose(std::span(candidates.data(), count), policy::Balance::weight, random);
}

TargetAnswer TargetStates::choose(const config::Route& route, const TargetQuestion& question,
                                  core::Instant now, std::uint64_t random) const {
  const auto targets = view_.targets(route);
  std::array<Candidate, policy::kCandidatesMax> candidates;
  std::array<std::uint8_t, policy::kCandidatesMax> keys{};
  const std::size_t count = std::min(targets.size(), candidates.size());
  for (std::size_t i = 0; i < count; ++i) {
    const config::Target& target = targets[i];
    const TargetState& state = targets_[view_.index_of(target)];
    Candidate& candidate = candidates[i];
    const config::Provider& provider = view_.provider(target);
    candidate.eligible = view_.may_use(*question.caller, provider) &&
                         (!question.exclusive_only || provider.exclusive == config::Switch::on);
    std::uint16_t keys_passed_over = 0;
    if (question.passed_over != nullptr) {
      keys_passed_over = question.passed_over->keys[i];
      candidate.eligible &= (question.passed_over->targets >> i & 1U) == 0;
    }
    if (!candidate.eligible) continue;
    candidate.weight = target.weight;
    candidate.priority = target.priority;
    candidate.outstanding = state.outstanding;
    candidate.latency_us = state.latency.micros(now);
    candidate.tried = (question.tried >> i & 1U) != 0;
    const policy::BreakerLook breaker = look(&state, target.provider, now);
    const policy::Choice key = choose_key(target.provider, &state, question.tokens,
                                          keys_passed_over, now, random >> 32U, candidate.room);
    candidate.wait_ms = std::max(breaker.ready ? 0 : breaker.wait_ms, key.wait_ms);
    if (!breaker.ready) candidate.room = Room::none;
    if (key.index) keys[i] = static_cast<std::uint8_t>(*key.index);
  }
  const policy::Choice chosen = policy::choose(
      std::span(candidates.data(), count), view_.resilience(route).balance, random & UINT32_MAX);
  if (!chosen.index) return {.wait_ms = chosen.wait_ms};
  return {.target = &targets[*chosen.index],
          .key = keys[*chosen.index],
          .tried = candidates[*chosen.index].tried,
          .last_resort = candidates[*chosen.index].room == Room::last_resort};
}

TargetStates::KeyAnswer TargetStates::choose_key(std::uint32_t provider, core::Instant now,
                                                 std::uint64_t random,
                                                 std::uint16_t passed_over) const {
  Room room{};
  const policy::BreakerLook breaker = look(nullptr, provider, now);
  const policy::Choice key = choose_key(provider, nullptr, 0, passed_over, now, random, room);
  if (!breaker.ready || !key.index) {
    return {.wait_ms = std::max(breaker.ready ? 0 : breaker.wait_ms, key.wait_ms)};
  }
  return {.ready = true, .key = static_cast<std::uint8_t>(*key.index)};
}

// --- an attempt ----------------------------------------------------------------------------------

TargetStates::Entered TargetStates::enter(AttemptHold& hold, const config::Target* target,
                                          std::uint32_t provider, std::uint8_t key,
                                          std::uint64_t tokens, core::Instant now) {
  HEADRACE_CHECK(!hold.under_way, "an attempt is begun once");
  const ProviderState& state = providers_[provider];
  const std::uint32_t row = target == nullptr ? AttemptHold::kNoTarget : view_.index_of(*target);
  Entered entered;
  policy::BreakerPass provider_pass;
  policy::BreakerPass model_pass;
  if (state.slot != nullptr) {
    const auto asked = Breaker(*state.slot).enter(state.rules->breaker, now);
    entered.events[0] = asked.event;
    if (!asked.pass.held) return entered;
    provider_pass = asked.pass;
  }
  if (target != nullptr && targets_[row].slot != nullptr) {
    const auto asked = Breaker(*targets_[row].slot).enter(state.rules->breaker, now);
    entered.events[1] = asked.event;
    if (!asked.pass.held) {
      if (state.slot != nullptr) {
        Breaker(*state.slot)
            .leave(state.rules->breaker, provider_pass, BreakerOutcome::neither, now);
      }
      return entered;
    }
    model_pass = asked.pass;
  }
  hold = {.target = row,
          .provider = provider,
          .key = key,
          .under_way = true,
          .provider_pass = provider_pass,
          .model_pass = model_pass};
  TargetState* of_target = target == nullptr ? nullptr : &targets_[row];
  if (of_target != nullptr) ++of_target->outstanding;
  if (core::KeySlot* limit = limit_slot(of_target, provider, key)) {
    Headroom(*limit).take(tokens, now);
  }
  entered.go = true;
  return entered;
}

TargetStates::Judged TargetStates::judge(AttemptHold& hold, policy::AttemptEnd end,
                                         std::uint32_t wait_ms, core::Instant now) {
  Judged judged;
  const policy::AttemptRow& row = policy::row(end);
  const bool failed = row.blame == Blame::model || row.blame == Blame::provider;
  if (!hold.under_way || (hold.judged && !failed)) return judged;
  hold.judged = true;
  const ProviderState& state = providers_[hold.provider];
  TargetState* target = hold.target == AttemptHold::kNoTarget ? nullptr : &targets_[hold.target];
  const bool has_own = target != nullptr && target->slot != nullptr;
  const auto outcome = [&](bool blamed) {
    if (row.proves) return BreakerOutcome::success;
    return blamed ? BreakerOutcome::failure : BreakerOutcome::neither;
  };
  // Without a breaker of its own a model's failures are its provider's.
  const bool of_model = has_own && row.blame == Blame::model;
  if (state.slot != nullptr) {
    judged.events[0] =
        Breaker(*state.slot)
            .leave(state.rules->breaker, hold.provider_pass, outcome(failed && !of_model), now);
  }
  if (has_own) {
    judged.events[1] =
        Breaker(*target->slot).leave(state.rules->breaker, hold.model_pass, outcome(of_model), now);
  }
  // A probe has one say; what comes after it is an ordinary failure.
  hold.provider_pass.probe = hold.model_pass.probe = false;
  core::KeySlot* key = keys_[state.first_key + hold.key].slot;
  core::KeySlot* limit = limit_slot(target, hold.provider, hold.key);
  if (row.blame == Blame::key) {
    const bool of_limit = end == policy::AttemptEnd::rate_limited;
    core::KeySlot* slot = of_limit ? limit : key;
    if (slot == nullptr) return judged;
    const std::uint32_t known_ms = wait_ms == 0 ? kUnknownResetMs : wait_ms;
    Headroom(*slot).bench(row.bench, of_limit ? known_ms : state.rules->key_bench_ms, now);
    judged.benched = true;
  } else if (end == policy::AttemptEnd::answered) {
    if (key != nullptr) Headroom(*key).unbench();
  }
  return judged;
}

void TargetStates::learn(const AttemptHold& hold, const policy::ProviderHints& hints,
                         core::Instant now) {
  if (!hold.under_way) return;
  const TargetState* target =
      hold.target == AttemptHold::kNoTarget ? nullptr : &targets_[hold.target];
  if (core::KeySlot* limit = limit_slot(target, hold.provider, hold.key)) {
    Headroom(*limit).learn(hints, now);
  }
}

void TargetStates::first_byte(const AttemptHold& hold, core::Duration took, core::Instant now) {
  if (hold.under_way && hold.target != AttemptHold::kNoTarget) {
    targets_[hold.target].latency.add(took, now);
  }
}

std::uint64_t TargetStates::usual_first_byte_us(const AttemptHold& hold, core::Instant now) const {
  return hold.target == AttemptHold::kNoTarget ? 0 : targets_[hold.target].latency.micros(now);
}

void TargetStates::end(AttemptHold& hold) {
  if (!hold.under_way) return;
  HEADRACE_CHECK(hold.judged, "an attempt ends with a judgement");
  hold.under_way = false;
  if (hold.target != AttemptHold::kNoTarget) --targets_[hold.target].outstanding;
}

}  // namespace headrace::net
