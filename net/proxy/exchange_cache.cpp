// The cache stage of an exchange: an answer that is at hand, or will be in a moment.
#include <array>
#include <cstring>

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/cache/shard_cache.h"
#include "net/edge/downstream_connection.h"
#include "net/proxy/cache_head.h"
#include "net/proxy/exchange.h"
#include "net/proxy/own_head.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/cache/cache_choice.h"
#include "policy/guard.h"

namespace headrace::net {

using http::FieldId;
using policy::CacheUse;
using policy::Verdict;
using std::chrono::milliseconds;
using std::chrono::seconds;
using State = CacheSession::State;

namespace {

// Sent in one go at most, so that one large answer does not hold up everybody else.
constexpr std::size_t kSendTurnBytes = std::size_t{256} * 1024;

}  // namespace

Verdict Exchange::look_into_cache() {
  if (cache_ != nullptr)
    return cache_->state == State::waiting ? stop_waiting() : take_from_cache();
  if (shard_->cache == nullptr || !config_->view().cache().any() || passthrough_ != nullptr) {
    return Verdict::go;
  }
  const policy::config::ConfigView& view = config_->view();
  std::array<char, policy::kModelBytesMax> scratch;
  const auto* route = view.find_route(request_.match.dialect, asked_model(scratch));
  if (route == nullptr || !may_be_given(*route)) return Verdict::go;
  const policy::config::RouteCache& kept = view.cache(*route);
  if (kept.mode == policy::config::CacheMode::off) return Verdict::go;

  const http::RequestHead& head = request_head();
  const policy::CacheWish wish = cache_wish(head);
  const CacheUse use = policy::choose_cache_use(kept, wish, request_.match.endpoint,
                                                message_->facts, message_->body_bytes);
  // Whose own account answers, answers for that account only.
  if (use == CacheUse::bypass || brings_own_key_ || !open_cache(kept, head)) {
    cache_said_ = CacheSaid::bypass;
    shard_->counters.add(ShardCount::cache_bypasses);
    return wish.only_if_cached() ? refuse_to_fetch() : Verdict::go;
  }
  if (wish.only_if_cached()) return look_up_only(wish, use);
  return use == CacheUse::refresh ? fetch() : look_up(wish);
}

// Nobody is asked, and nobody's answer waited for: one that is there, or none (RFC 9111, 5.2.1.7).
Verdict Exchange::look_up_only(const policy::CacheWish& wish, CacheUse use) {
  if (use == CacheUse::look_up) cache_->answer = shard_->cache->find(cache_->key, shard_->now());
  if (cache_->answer && age_of(cache_->answer) <= wish.max_age_s()) {
    cache_->state = State::answered;
    return take_from_cache();
  }
  cache_->answer.reset();
  cache_->state = State::fetching;
  cache_said_ = CacheSaid::miss;
  shard_->counters.add(ShardCount::cache_misses);
  return refuse_to_fetch();
}

Verdict Exchange::refuse_to_fetch() {
  reply(policy::Reason::not_cached, policy::MessageId::answer_not_kept);
  return Verdict::reply;
}

// An answer from the cache is an answer from its route: who may not have that one is refused by the
// route stage. Sandboxes keep nothing.
bool Exchange::may_be_given(const policy::config::Route& route) const {
  const policy::config::ConfigView& view = config_->view();
  return caller_.tenant->mode != policy::config::TenantMode::sandbox &&
         view.find_target(caller_, route) != nullptr &&
         policy::judge_route(view, caller_, route) == policy::GuardRule::none;
}

// What the request is known by. False: it does not fit, or there are as many as there may be.
bool Exchange::open_cache(const policy::config::RouteCache& route, const http::RequestHead& head) {
  CacheHead counted;
  if (!counted.write(head)) return false;
  cache_ = shard_->cache->open();
  if (cache_ == nullptr) return false;
  cache_->route = &route;
  std::string_view tenant = config_->view().text(caller_.tenant->name);
  if (core::planted(core::PlantedBug::tenant_left_out)) tenant = {};
  const std::string_view scope = write_cache_scope(tenant, route.identity, cache_->scope);
  cache_->key = shard_->cache->fingerprint().key(
      scope, request_.match.endpoint, counted.text(), message_->body(),
      policy::unheeded_fields(request_.match.endpoint, message_->facts));
  return true;
}

Verdict Exchange::look_up(const policy::CacheWish& wish) {
  cache_->answer = shard_->cache->find(cache_->key, shard_->now());
  if (cache_->answer) {
    if (age_of(cache_->answer) <= wish.max_age_s()) {
      cache_->state = State::answered;
      return take_from_cache();
    }
    // Others may be content with it; who is not fetches a newer one for all.
    cache_->answer.reset();
    return fetch();
  }
  if (cache_->route->wait_ms == 0) return fetch();
  cache_->seat = shard_->cache->ask(cache_->key, *this,
                                    static_cast<std::uint32_t>(cache_->route->waiters_max));
  if (cache_->seat == nullptr) return fetch();
  cache_->state = State::waiting;
  return park(shard_->now() + milliseconds(cache_->route->wait_ms));
}

Verdict Exchange::fetch() {
  cache_->state = State::fetching;
  cache_said_ = CacheSaid::miss;
  shard_->counters.add(ShardCount::cache_misses);
  return Verdict::go;
}

// It has waited as long as it may, for somebody whose answer does not come.
Verdict Exchange::stop_waiting() {
  HEADRACE_CHECK(park_expired_, "who waits is woken by a word, or by time");
  leave_flight();
  return fetch();
}

Verdict Exchange::take_from_cache() {
  if (cache_->state != State::answered) return Verdict::go;
  // It is accounted for like any other answer. A refusal must not find it.
  core::CacheHold answer = std::move(cache_->answer);
  cache_->state = State::fetching;
  const Verdict accounted = account();
  if (accounted == Verdict::reply) return accounted;
  cache_->answer = std::move(answer);
  cache_->state = State::answered;
  if (accounted != Verdict::go) return accounted;
  answer_from_cache();
  return Verdict::reply;
}

std::int64_t Exchange::age_of(const core::CacheHold& answer) const {
  return std::chrono::duration_cast<seconds>(shard_->now() - answer.stored_at()).count();
}

// --- what the home of the key says ---------------------------------------------------------------

void Exchange::on_cache_answer(core::CacheHold answer) {
  cache_->answer = std::move(answer);
  cache_->state = State::answered;
  shard_->counters.add(ShardCount::cache_waits);
  leave_flight();
  resume();
}

void Exchange::on_cache_turn(bool leads) {
  static_cast<void>(fetch());
  if (!leads) leave_flight();
  resume();
}

void Exchange::leave_flight() {
  if (cache_ == nullptr || cache_->seat == nullptr) return;
  shard_->cache->leave(*std::exchange(cache_->seat, nullptr));
}

// --- the answer ----------------------------------------------------------------------------------

void Exchange::answer_from_cache() {
  cache_said_ = CacheSaid::hit;
  decide(policy::Stage::cache, policy::Decided::answered, to_text(cache_said_));
  shard_->counters.add(ShardCount::cache_hits);
  cache_->note = policy::CachedAnswer::read(cache_->answer.note());
  move_to(ExchangeState::flushing);
  deadline_.set(*shard_->timers, core::kNever);
  answer_.started = answer_.ended = true;
  status_ = 200;
  answer_.body.set_bytes(cache_->answer.body_bytes());

  std::array<char, kOwnHeadBytesMax> room;
  http::HeadWriter writer{std::span<char>(room)};
  writer.status_line(status_);
  writer.field(FieldId::content_type, cache_->note.type());
  writer.field(FieldId::content_length, static_cast<std::uint64_t>(answer_.body.bytes()));
  writer.field(FieldId::date, shard_->date.at(shard_->io->wall_now()));
  writer.field("Age", static_cast<std::uint64_t>(age_of(cache_->answer)));
  writer.lines(kNotForSharedCaches);
  write_own_fields(writer);
  writer.end();
  HEADRACE_CHECK(writer.ok(), "our own head is of bounded size");
  queue_text(writer.text());
  release_message();
  if (answer_.out.empty()) {  // no memory even for a head
    note_early_end(policy::RecordEnding::no_memory);
    downstream_->close();
    return;
  }
  pump_cached_answer();
}

// Head and body leave in one send where they are not too much for it; the body's bytes stay where
// they are, held until the last of them is sent.
void Exchange::pump_cached_answer() {
  Transport& transport = downstream_->transport();
  if (transport.sending() || !transport.is_open()) return;
  AnswerQueue::Slices slices;
  std::size_t count = answer_.out.begin_send(slices);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i)
    bytes += slices[i].size();
  const std::size_t end =
      count + cache_->answer.slices(cache_->answer_sent, std::span(slices).subspan(count));
  cache_->answer_sending = 0;
  for (; count < end && cache_->answer_sending < kSendTurnBytes; ++count) {
    std::span<const std::byte>& slice = slices[count];
    slice = slice.first(std::min(slice.size(), kSendTurnBytes - cache_->answer_sending));
    cache_->answer_sending += slice.size();
  }
  bytes += cache_->answer_sending;
  if (bytes == 0) {
    finish();
    return;
  }
  shard_->counters.add(ShardCount::bytes_downstream_out, bytes);
  downstream_->expect_sent(bytes);
  transport.send(std::span(slices.data(), count));
  if (core::planted(core::PlantedBug::cached_answer_let_go)) cache_->answer.reset();
}

void Exchange::on_cached_answer_sent() {
  answer_.out.sent();
  cache_->answer_sent += std::exchange(cache_->answer_sending, 0);
  pump_cached_answer();
}

bool Exchange::cached_answer_left() const {
  return served_from_cache() && cache_->answer_sent < answer_.body.bytes();
}

}  // namespace headrace::net
