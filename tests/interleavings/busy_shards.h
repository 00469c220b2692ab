// Shards of several processes that take, settle and drop credit at random, each as a fiber, over a
// few limits of every kind; with a ledger of all that was admitted.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "core/limits/shard_limits.h"
#include "core/random.h"
#include "tests/core/limits/admission_ledger.h"
#include "tests/core/limits/limit_world.h"
#include "tests/interleavings/fiber_schedule.h"

namespace headrace::core {

class BusyShards {
 public:
  struct Manner {
    bool lagging = false;   // time goes on while shards are at work
    bool overruns = false;  // some use more than they reserved
    bool hot = false;       // large limits mostly, one request upon the other
    int operations = 400;   // of each shard
  };

  static constexpr std::size_t kLimits = 11;
  static constexpr std::size_t kConcurrency = 6;
  static constexpr std::uint32_t kShards = 2;

  BusyShards(std::uint64_t seed, Manner manner);

  // All shards of a process begin.
  void start(std::uint32_t incarnation);
  void run(std::uint64_t steps);
  void run_to_end() { schedule_.run(); }
  // They end where they stand; a successor recovers, and may die over it and begin again.
  void kill(std::uint32_t incarnation);
  void recover(std::uint32_t incarnation);
  // The living give everything back.
  void settle_all();

  [[nodiscard]] LimitTerms terms(std::size_t limit, Duration at) const;
  [[nodiscard]] LimitTerms terms(std::size_t limit) const { return terms(limit, clock_); }
  [[nodiscard]] const std::vector<Admission>& admissions(std::size_t limit) const {
    return admissions_[limit];
  }
  [[nodiscard]] std::int64_t permits_out_most() const { return permits_out_most_; }
  [[nodiscard]] std::uint64_t slices() const { return slices_; }
  [[nodiscard]] LimitWorld& world() { return world_; }
  [[nodiscard]] FiberSchedule& schedule() { return schedule_; }
  [[nodiscard]] Duration clock() const { return clock_; }
  void let_pass(Duration time) { clock_ += time; }

 private:
  struct Reservation {
    Permit permit;
    std::vector<std::pair<std::size_t, std::size_t>> records;  // limit, index of its admission
  };
  struct Shard {
    std::uint32_t incarnation = 0;
    std::unique_ptr<ShardLimits> limits;
    std::list<Reservation> held;
    std::size_t fiber = 0;
    bool alive = true;
    bool at_work = false;
  };

  void work(Shard& shard);
  void take(Shard& shard);
  void settle(Shard& shard);
  void let_time_pass();
  Admission& record(std::pair<std::size_t, std::size_t> where) {
    return admissions_[where.first][where.second];
  }

  Manner manner_;
  LimitWorld world_;
  FiberSchedule schedule_;
  Random random_;
  Duration clock_{};
  int at_work_ = 0;
  std::array<std::vector<Admission>, kLimits> admissions_;
  std::int64_t permits_out_ = 0;
  std::int64_t permits_out_most_ = 0;
  std::uint64_t slices_ = 0;
  std::vector<std::unique_ptr<Shard>> shards_;  // the dead too: what they held is not given back
};

}  // namespace headrace::core
