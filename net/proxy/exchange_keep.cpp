// What of an upstream's answer the cache keeps, as it passes; and requests that go on without their
// client because others wait for the same answer.
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

// --- keeping an answer ---------------------------------------------------------------------------

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

// --- without a client ----------------------------------------------------------------------------

// Its client leaves: does it go on for others who may wait for its answer?
bool Exchange::goes_on_for_others() const {
  if (cache_ == nullptr || cache_->seat == nullptr || shard_->closing) return false;
  if (cache_->state != State::fetching) return false;
  return state_ == ExchangeState::parked || state_ == ExchangeState::awaiting_upstream ||
         state_ == ExchangeState::sending || state_ == ExchangeState::awaiting_answer ||
         state_ == ExchangeState::judging_answer || state_ == ExchangeState::relaying;
}

void Exchange::detach() {
  detached_ = true;
  keep_alive_ = false;
  answer_.cut = true;
  silence_.clear(*shard_->timers);
  static_cast<void>(downstream_->peer());  // for the record, while there is a socket to ask
  shard_->cache->client_left(*cache_->seat);
}

void Exchange::on_downstream_gone() {
  // What was queued for it is nobody's now; nothing more is held up by it.
  answer_.sending_entries = 0;
  answer_.out.clear();
  if (state_ != ExchangeState::relaying) return;
  set_deadline(milliseconds(pool_->provider().row->timeouts.gap_ms));
  want_more_answer();
}

// Its answer is complete, or broken, or nobody wants it any more.
void Exchange::end_detached() {
  keep_nothing(FlightEnd::failed);
  leave_flight();
  leave_queue();
  move_to(ExchangeState::closing);
  static_cast<core::ListHook<RunQueueTag>&>(*this).unlink();
  static_cast<core::ListHook<IntentQueueTag>&>(*this).unlink();
  deadline_.clear(*shard_->timers);
  end_attempt(policy::AttemptEnd::client_left);
  abandon_upstream();
  record();
  downstream_->exchange_done_alone();
}

}  // namespace headrace::net
