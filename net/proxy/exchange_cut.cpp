// How a stream ends that has used up what was reserved for it.
#include <array>

#include "core/planted_bug.h"
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
  if (!core::planted(core::PlantedBug::cut_unrecorded)) note_early_end(policy::RecordEnding::cut);
  if (quota_->capped_by != nullptr) limit_ = config_->view().text(quota_->capped_by->name);
  decide(policy::Stage::relay, policy::Decided::refused, "output_used_up");
  keep_nothing(core::FlightEnd::failed);
  if (detached_) {
    end_detached();
    return;
  }
  const policy::Usage usage = usage_charged();
  std::array<char, 2 * policy::kMessageTextBytesMax> why;
  std::array<char, policy::kCutEventBytesMax> text;
  policy::CutAnswer cut = policy::cut_answer_of(*answer_.body.meter().stream());
  if (core::planted(core::PlantedBug::ended_choice_again)) cut.open_choices = cut.choices;
  if (core::planted(core::PlantedBug::array_cut_as_events)) cut.form = policy::StreamForm::events;
  // Where the stream has not given names of its own, the request's.
  if (cut.model.empty()) cut.model = request_.model.text();
  if (cut.id.empty()) cut.id = request_.id.text();
  if (cut.created_seconds == 0) {
    cut.created_seconds = shard_->io->wall_now().unix_nanos / 1'000'000'000;
  }
  cut.message = config_->view().catalogues().write(language(),
                                                   policy::MessageId::title_budget_exhausted, why);
  cut.input_tokens = usage.in_total();
  cut.output_tokens = usage.out_total();
  cut.include_usage = !answer_.strip_usage;
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
