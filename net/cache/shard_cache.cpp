#include "net/cache/shard_cache.h"

#include <bit>
#include <utility>

#include "core/check.h"
#include "net/cache/cache_message.h"
#include "net/shard_counters.h"

namespace headrace::net {

using core::FlightEnd;
using core::FlightWord;

namespace {

// A shard says as much of its own seats as it says, as a home, of those of each shard.
ShardPostLimits post_limits(const ShardCacheLimits& limits, std::size_t per_seat,
                            std::size_t shards) {
  const std::size_t of_all_seats = per_seat * limits.seats_max;
  return {.own_max = 2 * of_all_seats, .unsent_max = (1 + shards) * of_all_seats};
}

}  // namespace

ShardCache::ShardCache(ProcessCache& process, std::uint32_t shard, const core::Io& io,
                       core::Mailbox* mailbox, ShardCounters& counters,
                       const ShardCacheLimits& limits)
    : process_(process),
      shard_(shard),
      io_(io),
      counters_(counters),
      fingerprint_(process.secret),
      partition_(process.store, shard),
      desk_(*this, limits.flights),
      sessions_("dealings with the cache", limits.sessions_max),
      seats_("seats in flights", limits.seats_max),
      post_("messages about the cache", shard, mailbox,
            post_limits(limits, kMessagesPerSeat, process.store.partitions())) {}

ShardCache::~ShardCache() = default;

std::size_t ShardCache::planned_bytes(const ShardCacheLimits& limits, std::uint32_t shards) {
  return core::SlotPool<CacheSession>::planned_bytes(limits.sessions_max) +
         core::SlotPool<FlightSeat>::planned_bytes(limits.seats_max) +
         ShardPost::planned_bytes(post_limits(limits, kMessagesPerSeat, shards));
}

void ShardCache::close(CacheSession& session) {
  if (session.seat != nullptr) leave(*session.seat);
  sessions_.destroy(session);
}

// --- the asker's side ----------------------------------------------------------------------------

FlightSeat* ShardCache::ask(const core::CacheKey& key, CacheUser& user, std::uint32_t waiters_max) {
  FlightSeat* seat = seats_.make(key, shard_, user);
  if (seat == nullptr) return nullptr;
  post(process_.store.home_of(key.hash), kind_of(CacheMessage::ask), seat, waiters_max);
  return seat;
}

void ShardCache::leave(FlightSeat& seat) {
  finish(seat, FlightEnd::failed, {});
}

void ShardCache::finish(FlightSeat& seat, FlightEnd end, core::CacheHold entry) {
  const bool leads = seat.phase == FlightSeat::Phase::leading;
  seat.phase = FlightSeat::Phase::left;
  seat.user = nullptr;
  CacheMessage message = CacheMessage::leave;
  if (leads && end == FlightEnd::stored) message = CacheMessage::stored;
  if (leads && end == FlightEnd::failed) message = CacheMessage::failed;
  if (leads && end == FlightEnd::alone) message = CacheMessage::alone;
  const std::uint64_t number =
      message == CacheMessage::stored ? entry.release_for_handing() : std::uint64_t{0};
  post(process_.store.home_of(seat.key.hash), kind_of(message), &seat, number);
}

void ShardCache::client_left(FlightSeat& seat) {
  post(process_.store.home_of(seat.key.hash), kind_of(CacheMessage::client_left), &seat, 0);
}

void ShardCache::keep(core::CacheHold entry) {
  const std::uint32_t home = process_.store.home_of(entry.hash());
  if (home == shard_) return take_in(std::move(entry));
  core::Message message;
  message.kind = kind_of(CacheMessage::keep);
  message.b = entry.number();
  // Nobody waits for it: where there is no room it is not kept.
  if (post_.send_now(home, message)) {
    static_cast<void>(entry.release_for_handing());
  } else {
    counters_.add(ShardCount::cache_answers_dropped);
  }
}

// --- messages ------------------------------------------------------------------------------------

void ShardCache::post(std::uint32_t to, std::uint32_t kind, const void* seat, std::uint64_t b) {
  core::Message message;
  message.kind = kind;
  message.a = std::bit_cast<std::uint64_t>(seat);
  message.b = b;
  post_.send(to, message);
}

void ShardCache::on_message(const core::Message& message) {
  if (message.kind >= kind_of(CacheMessage::word)) {
    const auto word = static_cast<FlightWord>(message.kind - kind_of(CacheMessage::word));
    core::CacheHold entry;
    if (word == FlightWord::hit) entry = adopt(message.b);
    hear(*std::bit_cast<FlightSeat*>(message.a), word, std::move(entry));
    return;
  }
  auto* ticket = static_cast<core::FlightTicket*>(std::bit_cast<FlightSeat*>(message.a));
  switch (static_cast<CacheMessage>(message.kind)) {
    case CacheMessage::ask:
      return answer(*ticket, static_cast<std::uint32_t>(message.b));
    case CacheMessage::leave:
      return desk_.leave(*ticket);
    case CacheMessage::client_left:
      return desk_.client_left(*ticket);
    case CacheMessage::stored: {
      core::CacheHold entry = adopt(message.b);
      partition_.insert(entry, io_.now());
      return desk_.finish(*ticket, FlightEnd::stored, entry);
    }
    case CacheMessage::failed:
      return desk_.finish(*ticket, FlightEnd::failed, {});
    case CacheMessage::alone:
      return desk_.finish(*ticket, FlightEnd::alone, {});
    case CacheMessage::keep:
      return take_in(adopt(message.b));
    case CacheMessage::word:
      break;
  }
  HEADRACE_CHECK(false, "a message about the cache that means nothing");
}

// --- the home's side -----------------------------------------------------------------------------

void ShardCache::answer(core::FlightTicket& ticket, std::uint32_t waiters_max) {
  // What was not there when it was looked up may have come meanwhile.
  if (core::CacheHold entry = process_.store.find(ticket.key, io_.now()); entry) {
    return say(ticket, FlightWord::hit, std::move(entry));
  }
  desk_.ask(ticket, waiters_max);
}

void ShardCache::take_in(core::CacheHold entry) {
  if (!partition_.insert(entry, io_.now())) counters_.add(ShardCount::cache_answers_dropped);
}

void ShardCache::say(core::FlightTicket& to, FlightWord word, core::CacheHold entry) {
  const std::uint64_t number = entry ? entry.release_for_handing() : std::uint64_t{0};
  post(to.shard, kind_of(word), static_cast<FlightSeat*>(&to), number);
}

// --- what the home has said ----------------------------------------------------------------------

void ShardCache::hear(FlightSeat& seat, FlightWord word, core::CacheHold entry) {
  if (word == FlightWord::done) {
    seats_.destroy(seat);
    return;
  }
  // Whoever has left no longer wants it; the entry is let go of here.
  CacheUser* user = seat.user;
  if (user == nullptr) return;
  switch (word) {
    case FlightWord::lead:
      seat.phase = FlightSeat::Phase::leading;
      return user->on_cache_turn(true);
    case FlightWord::hit:
      return user->on_cache_answer(std::move(entry));
    case FlightWord::alone:
      return user->on_cache_turn(false);
    case FlightWord::stop:
      return user->on_cache_unwanted();
    case FlightWord::done:
      return;
  }
}

}  // namespace headrace::net
