// When requests are meant to start, whatever becomes of the ones before: an open loop.
//
// Rates may change in steps; arrivals are evenly spaced or drawn (Poisson). One schedule per
// thread: each takes every n-th evenly spaced arrival, or a share of the drawn ones.
// Pure: time is given as nanoseconds since the start.
#pragma once

#include <cstdint>
#include <vector>

#include "core/clock.h"
#include "core/random.h"

namespace headrace::tools::load {

struct RateStep {
  double requests_per_second = 0;
  core::Duration duration{};
};

enum class Arrivals : std::uint8_t { even, poisson };

class Schedule {
 public:
  Schedule(std::vector<RateStep> steps, Arrivals arrivals, std::uint32_t worker,
           std::uint32_t workers, std::uint64_t seed);

  // Of the next arrival; beyond end() when there is none.
  [[nodiscard]] core::Duration next() const { return next_; }
  // In which step that is.
  [[nodiscard]] std::uint32_t step() const { return step_; }
  void advance();
  [[nodiscard]] core::Duration end() const { return end_; }

 private:
  [[nodiscard]] double interval_nanos() const;
  [[nodiscard]] double even_arrival() const;
  [[nodiscard]] double drawn_gap();
  void enter_steps();

  std::vector<RateStep> steps_;
  Arrivals arrivals_;
  std::uint32_t worker_;
  std::uint32_t workers_;
  core::Random random_;
  std::uint32_t step_ = 0;
  double step_start_nanos_ = 0;
  double at_nanos_ = 0;
  std::uint64_t arrivals_in_step_ = 0;
  core::Duration next_{};
  core::Duration end_{};
};

}  // namespace headrace::tools::load
