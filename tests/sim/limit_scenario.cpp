#include "tests/sim/limit_scenario.h"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/limits/limit_recovery.h"
#include "core/random.h"
#include "tests/core/limits/limit_world.h"
#include "tests/sim/limit_sums.h"

namespace headrace::sim {

namespace {

using namespace std::chrono_literals;
using core::Duration;
using core::LimitTerms;
using core::WindowKind;

constexpr std::uint32_t kShards = 2;
constexpr std::uint32_t kProcesses = 2;
constexpr int kOperations = 3'000;
constexpr std::size_t kHeldMax = 12;  // requests, of one shard
constexpr Duration kDay = 4s;

// What each limit measures: one kind of window each, so that each equation is of one kind.
enum Measure : std::uint8_t { kSliding, kBucket, kDays, kTotal, kPermits, kMeasures };
static_assert(kPermits <= core::kLimitMeasuresMax);

struct Limit {
  Measure measure;
  bool large;  // shards hold a part of it
};
constexpr Limit kLimits[] = {{kSliding, false}, {kSliding, true}, {kBucket, false},
                             {kBucket, true},   {kDays, false},   {kDays, true},
                             {kTotal, false},   {kTotal, true},   {kPermits, false}};

LimitTerms terms_of(std::size_t limit, Duration at) {
  const auto [measure, large] = kLimits[limit];
  const std::uint64_t identity = limit + 1;
  const auto day = at / kDay;
  LimitTerms terms;
  switch (measure) {
    case kSliding:
      terms = LimitTerms::sliding(identity, large ? 400 : 20, 500ms);
      break;
    case kBucket:
      terms = LimitTerms::bucket(identity, large ? 300 : 10, large ? 3000 : 100, 1s);
      break;
    case kDays:
      terms = LimitTerms::calendar(identity, large ? 600 : 40, static_cast<std::uint16_t>(day),
                                   core::limit_time((day + 1) * kDay).wall);
      break;
    case kTotal:
      terms = LimitTerms::calendar(identity, large ? 20'000 : 90, 0, {.unix_nanos = INT64_MAX});
      break;
    default:
      terms = LimitTerms::concurrency(identity, 6);
  }
  if (measure != kPermits) terms.measure = measure;
  return terms;
}

// By the scenario's own count, of one measure.
struct Count {
  std::int64_t reserved = 0;
  std::int64_t settled = 0;
  std::int64_t not_used = 0;  // given back, in time or not
  std::int64_t died = 0;      // with the requests that held it
  std::int64_t overrun = 0;
};

struct Holding {
  std::size_t limit;
  std::int64_t amount;
};

struct Held {
  core::Permit permit;
  std::vector<Holding> holdings;
};

struct Shard {
  std::unique_ptr<core::ShardLimits> limits;
  std::deque<Held> held;
};

using Process = std::array<Shard, kShards>;

class Stage {
 public:
  explicit Stage(std::uint64_t seed)
      : random_(seed), world_({.entries = 32, .blocks = 16, .shards = kShards}) {
    for (std::uint32_t number = 0; number < kProcesses; ++number)
      start(number);
  }

  LimitRun play() {
    for (int i = 0; i < kOperations; ++i) {
      let_time_pass();
      const auto number = static_cast<std::uint32_t>(random_.below(kProcesses));
      Shard& shard = (*processes_[number])[random_.below(kShards)];
      if (random_.one_in(400)) {
        kill(number);
      } else if (shard.held.size() >= kHeldMax || (!shard.held.empty() && random_.one_in(3))) {
        end_one(shard);
      } else {
        take(shard);
      }
      if (shard.limits->next_tending() <= now().monotonic) shard.limits->tend(now());
    }
    end();
    judge();
    return std::move(run_);
  }

 private:
  [[nodiscard]] core::LimitTime now() const { return core::limit_time(clock_); }

  void let_time_pass() {
    clock_ += random_.between(0ns, 200us);
    if (random_.one_in(60)) clock_ += random_.between(0ns, 40ms);
    if (random_.one_in(100)) hot_ = 1 + 2 * random_.below(4);
    if (random_.one_in(300)) clock_ += random_.between(0ns, 2s);
  }

  void start(std::uint32_t number) {
    processes_[number] = std::make_unique<Process>();
    for (std::uint32_t shard = 0; shard < kShards; ++shard)
      (*processes_[number])[shard].limits = world_.shard(shard, number);
  }

  // What its requests hold is never given back: they are gone as it is.
  void kill(std::uint32_t number) {
    ++run_.kills;
    for (Shard& shard : *processes_[number]) {
      run_.slices += shard.limits->counts().slices_leased;
      for (const Held& held : shard.held) {
        for (const Holding& holding : held.holdings)
          count_of(holding).died += holding.amount;
      }
    }
    dead_.push_back(std::move(processes_[number]));
    if (random_.one_in(2)) clock_ += random_.between(0ns, 1s);
    core::recover_limits(world_.memory(), number, now());
    // Who recovers it may have died over it.
    if (random_.one_in(3)) core::recover_limits(world_.memory(), number, now());
    start(number);
  }

  void take(Shard& shard) {
    std::vector<Holding> holdings;
    std::vector<core::LimitDemand> demands;
    // One limit again and again, so that shards take their parts of it.
    const std::size_t first = random_.one_in(4) ? random_.below(std::size(kLimits)) : hot_;
    const std::size_t limits = 1 + random_.below(3);
    for (std::size_t i = 0; i < limits; ++i) {
      const std::size_t limit = (first + 4 * i) % std::size(kLimits);
      const auto amount =
          kLimits[limit].measure == kPermits ? 1 : static_cast<std::int64_t>(random_.below(6));
      holdings.push_back({.limit = limit, .amount = amount});
      demands.push_back({.terms = terms_of(limit, clock_), .amount = amount});
    }
    core::Permit permit;
    if (shard.limits->take(demands, now(), permit)) {
      ++run_.refused;
      return;
    }
    ++run_.reserved;
    for (const Holding& holding : holdings)
      count_of(holding).reserved += holding.amount;
    shard.held.push_back({.permit = std::move(permit), .holdings = std::move(holdings)});
  }

  void end_one(Shard& shard) {
    const std::size_t chosen = random_.below(shard.held.size());
    Held held = std::move(shard.held[chosen]);
    shard.held.erase(shard.held.begin() + static_cast<std::ptrdiff_t>(chosen));
    // The moment up to which its shard gives back: it is told with what comes next.
    shard.limits->tend(now());
    const std::uint64_t way = random_.below(4);
    std::vector<std::int64_t> used;
    for (const Holding& holding : held.holdings) {
      Count& count = count_of(holding);
      const bool permits = kLimits[holding.limit].measure == kPermits;
      std::int64_t amount = way == 0 ? 0 : holding.amount;
      if (way > 1) amount = static_cast<std::int64_t>(random_.below(8));
      if (permits) amount = 0;
      used.push_back(amount);
      count.settled += std::min(amount, holding.amount);
      count.overrun += std::max<std::int64_t>(amount - holding.amount, 0);
      count.not_used += holding.amount - std::min(amount, holding.amount);
    }
    if (way == 0) {
      held.permit.refund();
    } else if (way == 1) {
      held.permit.settle_as_reserved();
    } else {
      held.permit.settle(used, now());
    }
  }

  void end() {
    for (const auto& process : processes_) {
      for (Shard& shard : *process) {
        while (!shard.held.empty())
          end_one(shard);
        shard.limits->give_back_shares();
        run_.slices += shard.limits->counts().slices_leased;
      }
    }
  }

  void judge() {
    run_.violations = sums_amiss(world_.memory());
    for (std::uint8_t measure = 0; measure < kMeasures; ++measure) {
      const WindowKind kind = measure == kPermits ? WindowKind::concurrency : WindowKind::sliding;
      const LimitSums sums = limit_sums(world_.memory(), kind, measure);
      const Count& count = counts_[measure];
      run_.settled += sums.settled;
      run_.refunded += sums.refunded;
      run_.lapsed += sums.lapsed;
      run_.lapsed_with_the_dead += measure == kPermits ? 0 : static_cast<std::uint64_t>(count.died);
      expect(measure, "reserved", sums.reserved, count.reserved);
      expect(measure, "settled", sums.settled, count.settled);
      if (measure == kPermits) {
        expect(measure, "refunded", sums.refunded, count.reserved);
      } else if (measure == kTotal) {
        expect(measure, "refunded", sums.refunded, count.not_used);
        expect(measure, "lapsed", sums.lapsed, count.died);
      } else if (std::cmp_less(sums.lapsed, count.died)) {
        violation("measure {}: {} lapsed, the dead held {}", measure, sums.lapsed, count.died);
      }
    }
    judge_totals();
  }

  // Nothing of a total comes back with time: its words hold what was used, and what the dead held.
  void judge_totals() {
    const auto reader = world_.shard(0, kProcesses);
    std::int64_t spent = 0;
    for (std::size_t limit = 0; limit < std::size(kLimits); ++limit) {
      const core::LimitReading reading = reader->read(terms_of(limit, clock_), now());
      if (reading.closed) violation("limit {} is closed", limit);
      if (kLimits[limit].measure != kTotal) continue;
      spent += reading.limit - reading.remaining + reading.debt;
    }
    const Count& count = counts_[kTotal];
    if (spent != count.settled + count.overrun + count.died) {
      violation("of totals {} are spent, {} were used and {} died with their requests", spent,
                count.settled + count.overrun, count.died);
    }
  }

  void expect(std::uint8_t measure, std::string_view what, std::uint64_t told,
              std::int64_t counted) {
    if (!std::cmp_equal(told, counted)) {
      violation("measure {}: {} {} are told, {} were counted", measure, told, what, counted);
    }
  }

  template <class... Parts>
  void violation(fmt::format_string<const Parts&...> text, const Parts&... parts) {
    run_.violations.push_back(fmt::format(text, parts...));
  }

  Count& count_of(const Holding& holding) { return counts_[kLimits[holding.limit].measure]; }

  core::Random random_;
  LimitRun run_;
  core::LimitWorld world_;
  Duration clock_{};
  std::size_t hot_ = 1;
  std::array<Count, kMeasures> counts_;
  std::array<std::unique_ptr<Process>, kProcesses> processes_;
  std::vector<std::unique_ptr<Process>> dead_;
};

}  // namespace

LimitRun run_limit_scenario(std::uint64_t seed) {
  return Stage(seed).play();
}

}  // namespace headrace::sim
