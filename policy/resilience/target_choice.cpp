#include "policy/resilience/target_choice.h"

#include <algorithm>
#include <tuple>

namespace headrace::policy {
namespace {

// What goes before what, but for the balance.
auto rank(const Candidate& each) {
  return std::tuple(each.tried, each.room == Room::last_resort, each.priority, each.room);
}

// Smaller is better.
bool better(const Candidate& one, const Candidate& other, Balance balance) {
  switch (balance) {
    case Balance::weight:
      return false;
    case Balance::least_outstanding:
      return std::uint64_t{one.outstanding} * other.weight <
             std::uint64_t{other.outstanding} * one.weight;
    case Balance::least_latency:
      return one.latency_us < other.latency_us;
  }
  return false;
}

}  // namespace

Choice choose(std::span<const Candidate> candidates, Balance balance, std::uint64_t random) {
  candidates = candidates.first(std::min(candidates.size(), kCandidatesMax));
  const Candidate* best = nullptr;
  Choice choice;
  for (const Candidate& each : candidates) {
    if (!each.eligible) continue;
    if (each.room == Room::none) {
      const bool sooner = choice.wait_ms == 0 || each.wait_ms < choice.wait_ms;
      if (sooner) choice.wait_ms = each.wait_ms;
      continue;
    }
    const bool first = best == nullptr || rank(each) < rank(*best) ||
                       (rank(each) == rank(*best) && better(each, *best, balance));
    if (first) best = &each;
  }
  if (best == nullptr) return choice;
  const auto equal = [&](const Candidate& each) {
    return each.eligible && each.room != Room::none && rank(each) == rank(*best) &&
           !better(*best, each, balance);
  };
  std::uint64_t weights = 0;
  for (const Candidate& each : candidates) {
    if (equal(each)) weights += each.weight;
  }
  std::uint64_t point = random % weights;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!equal(candidates[i])) continue;
    if (point < candidates[i].weight) return {.index = i, .wait_ms = 0};
    point -= candidates[i].weight;
  }
  return {.index = static_cast<std::size_t>(best - candidates.data()), .wait_ms = 0};
}

}  // namespace headrace::policy
