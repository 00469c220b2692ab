// How a stream ends that has used up what was reserved for it.
#include <array>

#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/dialect/cut_event.h"

namespace headrace::net {

// With an empty line before it and the body's end behind it.
static_assert(policy::kCutEventBytesMax + 16 <= kHeadBlockBytes);

// Ends the answer as the provider would have at its cap; the upstream is cancelled.
void Exchange::cut_answer() {
  shard_->counters.add(ShardCount::answers_cut);
  cut_by_limit_ = true;
  if (quota_->capped_by != nullptr) limit_ = config_->view().text(quota_->capped_by->name);
  decide(policy::Stage::relay, policy::Decided::refused, "output_used_up");
  keep_nothing(core::FlightEnd::failed);
  if (detached_) {
    end_detached();
    return;
  }
  const policy::StreamMeter& stream = *answer_.body.meter().stream();
  const policy::Usage usage = usage_charged();
  std::array<char, 2 * policy::kMessageTextBytesMax> why;
  std::array<char, policy::kCutEventBytesMax> text;
  // The stream's own names; where it has not given them, the request's.
  const policy::UnfinishedAnswer& own = stream.unfinished();
  const policy::CutAnswer cut{
      .model = own.model().empty() ? request_.model.text() : own.model(),
      .id = own.id().empty() ? request_.id.text() : own.id(),
      .message = config_->view().catalogues().write(language(),
                                                    policy::MessageId::title_budget_exhausted, why),
      .created_seconds = own.created_seconds() != 0
                             ? own.created_seconds()
                             : shard_->io->wall_now().unix_nanos / 1'000'000'000,
      .input_tokens = usage.in_total(),
      .output_tokens = usage.out_total(),
      .sequence_number = stream.next_sequence_number(),
      .open_block = stream.open_block(),
      .choices = own.choices(),
      .open_choices = own.open_choices(),
      .include_usage = !answer_.strip_usage,
      .form = stream.form(),
      .has_elements = stream.has_elements()};
  const std::size_t bytes = policy::write_cut_event(cut, request_.match.endpoint, text);
  if (!answer_.body.say_event({text.data(), bytes})) {
    answer_broken(UpstreamFailure::no_memory);
    return;
  }
  answer_.cut = !answer_.body.say_end();
  answer_.ended = true;
  end_attempt(end_of_answer());
  move_to(ExchangeState::flushing);
  deadline_.set(*shard_->timers, core::kNever);
  abandon_upstream();
  pump_answer();
}

}  // namespace headrace::net
