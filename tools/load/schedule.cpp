#include "tools/load/schedule.h"

#include <cmath>
#include <utility>

namespace headrace::tools::load {

Schedule::Schedule(std::vector<RateStep> steps, Arrivals arrivals, std::uint32_t worker,
                   std::uint32_t workers, std::uint64_t seed)
    : steps_(std::move(steps)),
      arrivals_(arrivals),
      worker_(worker),
      workers_(workers),
      random_(seed + worker) {
  for (const RateStep& step : steps_)
    end_ += step.duration;
  at_nanos_ = arrivals_ == Arrivals::even ? even_arrival() : drawn_gap();
  enter_steps();
}

double Schedule::interval_nanos() const {
  return 1e9 * workers_ / steps_[step_].requests_per_second;
}

// By multiplication, so that no error adds up; the workers' are spread over one interval.
double Schedule::even_arrival() const {
  const double number =
      static_cast<double>(arrivals_in_step_) + static_cast<double>(worker_) / workers_;
  return step_start_nanos_ + interval_nanos() * number;
}

double Schedule::drawn_gap() {
  return -interval_nanos() * std::log(1 - random_.fraction());
}

void Schedule::advance() {
  ++arrivals_in_step_;
  at_nanos_ = arrivals_ == Arrivals::even ? even_arrival() : at_nanos_ + drawn_gap();
  enter_steps();
}

// Where the arrival falls beyond its step, the next one begins afresh at its own rate.
void Schedule::enter_steps() {
  constexpr double kHalf = 0.5;  // of a nanosecond: rounding must not bring one arrival more
  while (step_ + 1 < steps_.size()) {
    const double step_end = step_start_nanos_ + static_cast<double>(steps_[step_].duration.count());
    if (at_nanos_ + kHalf < step_end) break;
    step_start_nanos_ = step_end;
    ++step_;
    arrivals_in_step_ = 0;
    at_nanos_ = arrivals_ == Arrivals::even ? even_arrival() : step_end + drawn_gap();
  }
  next_ = core::Duration(std::llround(at_nanos_));
}

}  // namespace headrace::tools::load
