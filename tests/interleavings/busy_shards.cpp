#include "tests/interleavings/busy_shards.h"

#include <algorithm>

#include "core/limits/limit_recovery.h"

namespace headrace::core {

namespace {

using namespace std::chrono_literals;

constexpr Duration kCalendarLength = 3s;

}  // namespace

BusyShards::BusyShards(std::uint64_t seed, Manner manner)
    : manner_(manner),
      world_({.entries = 16, .blocks = 8, .shards = kShards}),
      schedule_(seed, 1 + seed % 12),
      random_(seed + 1) {}

LimitTerms BusyShards::terms(std::size_t limit, Duration at) const {
  const auto window = at / kCalendarLength;
  const WallTime ends = limit_time((window + 1) * kCalendarLength).wall;
  const auto number = static_cast<std::uint16_t>(20'000 + window);
  switch (limit) {
    case 0:
      return LimitTerms::sliding(1, 20, 1s);
    case 1:
      return LimitTerms::sliding(2, 400, 1s);
    case 2:
      return LimitTerms::bucket(3, 10, 20, 1s);
    case 3:
      return LimitTerms::bucket(4, 300, 600, 1s);
    case 4:
      return LimitTerms::calendar(5, 30, number, ends);
    case 5:
      return LimitTerms::calendar(6, 500, number, ends);
    case kConcurrency:
      return LimitTerms::concurrency(7, 4);
    default:
      return LimitTerms::sliding(limit + 100, 5, 100ms);
  }
}

void BusyShards::start(std::uint32_t incarnation) {
  for (std::uint32_t number = 0; number < kShards; ++number) {
    auto shard = std::make_unique<Shard>();
    shard->incarnation = incarnation;
    shard->limits = world_.shard(number, incarnation);
    Shard* const self = shard.get();
    shard->fiber = schedule_.add([this, self] { work(*self); });
    shards_.push_back(std::move(shard));
  }
}

void BusyShards::run(std::uint64_t steps) {
  while (steps-- > 0 && schedule_.step()) {
  }
}

void BusyShards::kill(std::uint32_t incarnation) {
  for (const auto& shard : shards_) {
    if (shard->incarnation != incarnation || !shard->alive) continue;
    if (!schedule_.ended(shard->fiber)) schedule_.kill(shard->fiber);
    shard->alive = false;
    if (shard->at_work) --at_work_;
    slices_ += shard->limits->counts().slices_leased;
    for (const Reservation& reservation : shard->held) {
      for (const auto& where : reservation.records)
        if (where.first == kConcurrency) permits_out_ -= record(where).amount;
    }
  }
}

void BusyShards::recover(std::uint32_t incarnation) {
  const bool dies = random_.one_in(2);
  const auto first =
      schedule_.add([&] { recover_limits(world_.memory(), incarnation, limit_time(clock_)); });
  if (dies && schedule_.run_alone(first, 1 + random_.below(60))) schedule_.kill(first);
  while (!schedule_.ended(first) && schedule_.step()) {
  }
  recover_limits(world_.memory(), incarnation, limit_time(clock_));
}

void BusyShards::settle_all() {
  for (const auto& shard : shards_) {
    if (!shard->alive) continue;
    slices_ += shard->limits->counts().slices_leased;
    while (!shard->held.empty())
      settle(*shard);
    shard->limits->give_back_shares();
  }
}

void BusyShards::work(Shard& shard) {
  for (int i = 0; i < manner_.operations; ++i) {
    if (random_.one_in(2)) FiberSchedule::give_way();
    let_time_pass();
    ++at_work_;
    shard.at_work = true;
    const LimitTime now = limit_time(clock_);
    if (shard.limits->next_tending() <= now.monotonic && random_.one_in(2)) {
      shard.limits->tend(now);
    }
    if (!shard.held.empty() && random_.one_in(shard.held.size() > 8 ? 1 : 3)) {
      settle(shard);
    } else {
      take(shard);
    }
    --at_work_;
    shard.at_work = false;
  }
}

void BusyShards::let_time_pass() {
  if (!manner_.lagging && at_work_ > 0) return;
  if (random_.one_in(2)) clock_ += random_.between(0ns, manner_.hot ? 400us : 4ms);
  if (random_.one_in(manner_.hot ? 60 : 20)) clock_ += random_.between(1ms, 80ms);
  if (random_.one_in(200)) clock_ += random_.between(0ns, 2s);
  if (at_work_ == 0 && random_.one_in(300)) clock_ += 2min;
}

void BusyShards::take(Shard& shard) {
  const Duration begin = clock_;
  std::vector<std::size_t> limits;
  std::vector<LimitDemand> demands;
  for (std::uint64_t wanted = 1 + random_.below(3); limits.size() < wanted;) {
    auto limit = static_cast<std::size_t>(random_.below(kLimits));
    if (manner_.hot && !random_.one_in(8))
      limit = 1 + 2 * static_cast<std::size_t>(random_.below(3));
    if (std::find(limits.begin(), limits.end(), limit) != limits.end()) continue;
    limits.push_back(limit);
    const auto amount = limit == kConcurrency ? 1 : static_cast<std::int64_t>(random_.below(6));
    demands.push_back({.terms = terms(limit, begin), .amount = amount});
  }
  Reservation reservation;
  if (shard.limits->take(demands, limit_time(begin), reservation.permit)) return;
  for (std::size_t i = 0; i < limits.size(); ++i) {
    reservation.records.emplace_back(limits[i], admissions_[limits[i]].size());
    admissions_[limits[i]].push_back({.begin = limit_time(begin),
                                      .end = limit_time(clock_),
                                      .amount = demands[i].amount,
                                      .begin_window = terms(limits[i], begin).window,
                                      .end_window = terms(limits[i], clock_).window});
    if (limits[i] == kConcurrency) permits_out_ += demands[i].amount;
  }
  permits_out_most_ = std::max(permits_out_most_, permits_out_);
  shard.held.push_back(std::move(reservation));
}

// What a reservation is worth is known, and entered, before it is given back.
void BusyShards::settle(Shard& shard) {
  auto chosen = shard.held.begin();
  std::advance(chosen, static_cast<std::ptrdiff_t>(random_.below(shard.held.size())));
  Reservation reservation = std::move(*chosen);
  shard.held.erase(chosen);
  const bool drop = random_.one_in(4);
  std::vector<std::int64_t> used;
  for (const auto& where : reservation.records) {
    Admission& admission = record(where);
    if (where.first == kConcurrency) permits_out_ -= admission.amount;
    const std::int64_t reserved = admission.amount;
    const std::int64_t more = manner_.overruns && random_.one_in(10) ? 7 : 0;
    used.push_back(
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(reserved) + 1)) + more);
    admission.amount = drop ? 0 : std::min(used.back(), reserved);
  }
  if (drop) {
    reservation.permit.refund();
  } else {
    reservation.permit.settle(used, limit_time(clock_));
  }
}

}  // namespace headrace::core
