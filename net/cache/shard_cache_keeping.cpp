// What of an upstream's answer the cache keeps, as it passes.
#include <utility>

#include "net/cache/shard_cache.h"
#include "net/shard_counters.h"

namespace headrace::net {

using core::CacheBuilder;
using core::FlightEnd;
using State = CacheSession::State;

void ShardCache::start_keeping(CacheSession& session, const policy::CachedAnswer& note) {
  session.note = note;
  const std::size_t bytes_max = session.route->entry_bytes_max;
  if (build(session.builder, session.key, session.note.note().size(), bytes_max, io_.now()) ==
      CacheBuilder::Status::ok) {
    return;
  }
  counters_.add(ShardCount::cache_answers_dropped);
  keep_nothing(session, FlightEnd::alone);
}

void ShardCache::keep_bytes(CacheSession& session, std::span<const std::byte> bytes) {
  if (!session.builder.active()) return;
  if (session.builder.append(bytes, io_.now()) == CacheBuilder::Status::ok) return;
  counters_.add(ShardCount::cache_answers_dropped);
  keep_nothing(session, FlightEnd::alone);
}

void ShardCache::finish_keeping(CacheSession& session, const policy::Usage& usage) {
  session.note.usage = usage;
  const core::Instant now = io_.now();
  core::CacheHold answer = session.builder.finish(
      session.note.note(), now, now + std::chrono::milliseconds(session.route->ttl_ms));
  session.state = State::over;
  counters_.add(ShardCount::cache_answers_kept);
  if (session.seat != nullptr) {
    finish(*std::exchange(session.seat, nullptr), FlightEnd::stored, std::move(answer));
  } else {
    keep(std::move(answer));
  }
}

void ShardCache::keep_nothing(CacheSession& session, FlightEnd end) {
  if (session.state != State::fetching) return;
  session.builder.drop();
  session.state = State::over;
  if (session.seat != nullptr) finish(*std::exchange(session.seat, nullptr), end, {});
}

}  // namespace headrace::net
