// What of an upstream's answer the cache keeps, as it passes.
#include "core/planted_bug.h"
#include "net/cache/shard_cache.h"
#include "net/edge/downstream_connection.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/cache/answer_fitness.h"

namespace headrace::net {

using core::CacheBuilder;
using core::FlightEnd;
using http::FieldId;
using std::chrono::milliseconds;
using State = CacheSession::State;

void Exchange::start_keeping(const http::ResponseHead& head) {
  if (cache_ == nullptr || cache_->state != State::fetching) return;
  if (head.status != 200) {
    shard_->counters.add(ShardCount::cache_answers_unfit);
    keep_nothing(FlightEnd::failed);
    return;
  }
  const std::size_t bytes_max = cache_->route->entry_bytes_max;
  const bool too_large =
      head.framing == http::BodyFraming::length && head.content_length > bytes_max;
  cache_->note = {};
  cache_->note.streamed = answer_.streaming;
  // What is not read by the meter cannot be judged.
  if (too_large || !answer_.meter.active() ||
      !cache_->note.set_content_type(head.fields.value(FieldId::content_type)) ||
      shard_->cache->build(cache_->builder, cache_->key, cache_->note.note().size(), bytes_max,
                           shard_->now()) != CacheBuilder::Status::ok) {
    shard_->counters.add(ShardCount::cache_answers_dropped);
    keep_nothing(FlightEnd::alone);
  }
}

// On its way to the client, as it is sent.
void Exchange::keep(std::span<const std::byte> bytes) {
  if (!cache_->builder.active()) return;
  if (cache_->builder.append(bytes, shard_->now()) == CacheBuilder::Status::ok) return;
  shard_->counters.add(ShardCount::cache_answers_dropped);
  keep_nothing(FlightEnd::alone);
}

// The answer has ended as its framing says.
void Exchange::finish_keeping() {
  if (cache_ == nullptr || !cache_->builder.active()) return;
  const policy::StreamMeter* stream = answer_.meter.stream();
  const bool fit = stream != nullptr
                       ? policy::fit_to_keep(*stream)
                       : policy::fit_to_keep(request_.match.endpoint, *answer_.meter.document());
  if (!fit && !core::planted(core::PlantedBug::unfit_answer_kept)) {
    shard_->counters.add(ShardCount::cache_answers_unfit);
    keep_nothing(FlightEnd::failed);
    return;
  }
  cache_->note.usage = answer_.meter.usage();
  core::CacheHold answer = cache_->builder.finish(
      cache_->note.note(), shard_->now(), shard_->now() + milliseconds(cache_->route->ttl_ms));
  cache_->state = State::over;
  shard_->counters.add(ShardCount::cache_answers_kept);
  if (cache_->seat != nullptr) {
    shard_->cache->finish(*std::exchange(cache_->seat, nullptr), FlightEnd::stored,
                          std::move(answer));
  } else {
    shard_->cache->keep(std::move(answer));
  }
}

void Exchange::keep_nothing(FlightEnd end) {
  if (cache_ == nullptr || cache_->state != State::fetching) return;
  cache_->builder.drop();
  cache_->state = State::over;
  if (cache_->seat == nullptr) return;
  shard_->cache->finish(*std::exchange(cache_->seat, nullptr), end, {});
}

}  // namespace headrace::net
