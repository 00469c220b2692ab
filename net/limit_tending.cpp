#include "net/limit_tending.h"

#include "core/event_log.h"
#include "net/shard_context.h"

namespace headrace::net {

LimitTending::LimitTending(ShardContext& context) : context_(&context) {
  due_.bind<&LimitTending::on_due>(this);
}

void LimitTending::on_start() {
  if (context_->limits) observe_clock();
}

void LimitTending::on_turn() {
  if (context_->limits) due_.set(*context_->timers, context_->limits->next_tending());
}

void LimitTending::on_second() {
  if (!context_->limits) return;
  look_at_clock();
  context_->limits->tend(context_->limit_time());
  const std::uint64_t closed = context_->limits->counts().limits_closed;
  if (closed == closed_told_) return;
  context_->counters.add(ShardCount::limits_closed, closed - closed_told_);
  closed_told_ = closed;
  HEADRACE_EVENT(error, "the shared memory of a limit is damaged: it is closed");
}

void LimitTending::end() {
  due_.clear(*context_->timers);
  if (context_->limits) context_->limits->give_back_shares();
}

// So that other shards find them.
void LimitTending::on_due() {
  if (due_.expired(*context_->timers, context_->now())) {
    context_->limits->tend(context_->limit_time());
  }
}

// Said by the shard that has found it.
void LimitTending::observe_clock() {
  if (context_->limit_clock->observe(context_->now(), context_->io->wall_now())) return;
  context_->counters.add(ShardCount::limit_clock_overwritten);
  HEADRACE_EVENT(error,
                 "the shared memory of the clock that days and months go by is damaged: they go by "
                 "the system's clock");
}

// Said once for each step, by one shard.
void LimitTending::look_at_clock() {
  observe_clock();
  if (context_->number != 0) return;
  const auto step = context_->limit_clock->proposed_step();
  const bool news = step && !clock_step_told_;
  clock_step_told_ = step.has_value();
  if (!news) return;
  HEADRACE_EVENT(warning,
                 "the system's clock was set by {} s: limits go on with the former day until that "
                 "much time has passed, or `headracectl clock accept` says that it is right",
                 std::chrono::round<std::chrono::seconds>(*step).count());
}

}  // namespace headrace::net
