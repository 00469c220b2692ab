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
  // The workers' first arrivals are spread over one interval.
  at_nanos_ = interval_nanos() * worker_ / workers_;
  if (arrivals_ == Arrivals::poisson)
    at_nanos_ = -interval_nanos() * std::log(1 - random_.fraction());
  enter_steps();
}

double Schedule::interval_nanos() const {
  return 1e9 * workers_ / steps_[step_].requests_per_second;
}

void Schedule::advance() {
  const double interval = interval_nanos();
  at_nanos_ +=
      arrivals_ == Arrivals::even ? interval : -interval * std::log(1 - random_.fraction());
  enter_steps();
}

// Where the arrival falls beyond its step, the next one begins afresh at its own rate.
void Schedule::enter_steps() {
  while (step_ + 1 < steps_.size() &&
         at_nanos_ >= step_start_nanos_ + static_cast<double>(steps_[step_].duration.count())) {
    step_start_nanos_ += static_cast<double>(steps_[step_].duration.count());
    ++step_;
    at_nanos_ = step_start_nanos_ + interval_nanos() * worker_ / workers_;
  }
  next_ = core::Duration(static_cast<std::int64_t>(at_nanos_));
}

}  // namespace headrace::tools::load
