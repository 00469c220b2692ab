// Whether the cache keeps an upstream's answer, asked at its head and at its end.
#include "core/planted_bug.h"
#include "net/cache/shard_cache.h"
#include "net/proxy/exchange.h"
#include "net/shard_context.h"
#include "policy/cache/answer_fitness.h"

namespace headrace::net {

using core::FlightEnd;
using http::FieldId;

void Exchange::start_keeping(const http::ResponseHead& head) {
  if (cache_ == nullptr || cache_->state != CacheSession::State::fetching) return;
  if (head.status != 200) {
    shard_->counters.add(ShardCount::cache_answers_unfit);
    keep_nothing(FlightEnd::failed);
    return;
  }
  const bool too_large = head.framing == http::BodyFraming::length &&
                         head.content_length > cache_->route->entry_bytes_max;
  policy::CachedAnswer note;
  note.streamed = answer_.streaming;
  // What is not read by the meter cannot be judged.
  if (too_large || !answer_.body.meter().active() ||
      !note.set_content_type(head.fields.value(FieldId::content_type))) {
    shard_->counters.add(ShardCount::cache_answers_dropped);
    keep_nothing(FlightEnd::alone);
    return;
  }
  shard_->cache->start_keeping(*cache_, note);
  answer_.body.keep_in(cache_);
}

// The answer has ended as its framing says.
void Exchange::finish_keeping() {
  if (cache_ == nullptr || !cache_->builder.active()) return;
  AnswerMeter& meter = answer_.body.meter();
  const policy::StreamMeter* stream = meter.stream();
  const bool fit = stream != nullptr
                       ? policy::fit_to_keep(*stream)
                       : policy::fit_to_keep(request_.match.endpoint, *meter.document());
  if (!fit && !core::planted(core::PlantedBug::unfit_answer_kept)) {
    shard_->counters.add(ShardCount::cache_answers_unfit);
    keep_nothing(FlightEnd::failed);
    return;
  }
  shard_->cache->finish_keeping(*cache_, meter.usage());
}

void Exchange::keep_nothing(FlightEnd end) {
  if (cache_ != nullptr) shard_->cache->keep_nothing(*cache_, end);
}

}  // namespace headrace::net
