// A shard's side of the cache: look-ups for its requests; their seats in flights, here or at
// another shard; and, for the keys whose home it is, the desk and the part of the index.
//
//   this shard's request --ask/leave/stored...--> home of the key     FlightDesk, CachePartition
//                        <--lead/hit/alone/...--
//
// Messages go by net/shard_post.h, so nobody is called while he calls.
//
// Threads:  one shard; the store behind it is shared (core/cache/cache_store.h).
// Lifetime: before it dies every seat must have been given back (quiet()).
// Bounds:   seats_max requests that lead or wait at a time; others fetch their own answers.
#pragma once

#include <cstdint>

#include "core/cache/cache_builder.h"
#include "core/cache/cache_partition.h"
#include "core/cache/flight_desk.h"
#include "core/io.h"
#include "core/mailbox.h"
#include "core/slot_pool.h"
#include "net/cache/cache_session.h"
#include "net/cache/flight_seat.h"
#include "net/cache/process_cache.h"
#include "net/shard_post.h"
#include "policy/cache/request_fingerprint.h"

namespace headrace::net {

struct ShardCounters;

struct ShardCacheLimits {
  std::uint32_t sessions_max = 16 * 1024;
  std::uint32_t seats_max = 4096;
  core::FlightLimits flights;
};

class ShardCache final : private core::FlightWords {
 public:
  // `mailbox` may be null where there is one shard. All outlive it.
  ShardCache(ProcessCache& process, std::uint32_t shard, const core::Io& io, core::Mailbox* mailbox,
             ShardCounters& counters, const ShardCacheLimits& limits);
  ~ShardCache();
  ShardCache(const ShardCache&) = delete;
  ShardCache& operator=(const ShardCache&) = delete;
  static std::size_t planned_bytes(const ShardCacheLimits& limits, std::uint32_t shards);

  [[nodiscard]] policy::RequestFingerprint& fingerprint() { return fingerprint_; }
  [[nodiscard]] core::CacheHold find(const core::CacheKey& key, core::Instant now) {
    return process_.store.find(key, now);
  }

  // --- sessions: a request's dealings with the cache -------------------------------------------
  // Null: there are as many as there may be.
  [[nodiscard]] CacheSession* open() { return sessions_.make(); }
  void close(CacheSession& session);

  // --- flights ---------------------------------------------------------------------------------
  // The user hears of it, never within this call. Null: fetch it yourself.
  [[nodiscard]] FlightSeat* ask(const core::CacheKey& key, CacheUser& user,
                                std::uint32_t waiters_max);
  // The user is not called any more. Of a leader's answer: `entry` with `stored`.
  void leave(FlightSeat& seat);
  void finish(FlightSeat& seat, core::FlightEnd end, core::CacheHold entry);
  void client_left(FlightSeat& seat);

  // --- answers ---------------------------------------------------------------------------------
  core::CacheBuilder::Status build(core::CacheBuilder& builder, const core::CacheKey& key,
                                   std::size_t note_bytes, std::size_t bytes_max,
                                   core::Instant now) {
    return builder.start(process_.store, partition_, key, note_bytes, bytes_max, now);
  }
  // Into the index, at its home.
  void keep(core::CacheHold entry);

  // --- keeping what a session fetches, as it passes (shard_cache_keeping.cpp) -------------------
  // The head has come, `note` says the rest; `bytes_max` of its body may follow.
  void start_keeping(CacheSession& session, const policy::CachedAnswer& note);
  void keep_bytes(CacheSession& session, std::span<const std::byte> bytes);
  // It has come whole and is fit to be given to others.
  void finish_keeping(CacheSession& session, const policy::Usage& usage);
  // Also where it never began: those who wait for it are told.
  void keep_nothing(CacheSession& session, core::FlightEnd end);

  // --- from the shard --------------------------------------------------------------------------
  void on_message(const core::Message& message);
  // True: something was left over for the next turn.
  bool on_turn() { return post_.work_off(*this); }

  [[nodiscard]] bool quiet() const { return seats_.in_use() == 0 && !post_.has_own(); }
  [[nodiscard]] std::uint32_t seats() const { return seats_.in_use(); }
  [[nodiscard]] std::uint32_t flights() const { return desk_.flights(); }
  [[nodiscard]] const core::CachePartitionStatistics& statistics() const {
    return partition_.statistics();
  }

 private:
  // That may be under way at one time. To the home: ask, client_left, and one that ends it; from
  // it: two words and the last one.
  static constexpr std::size_t kMessagesPerSeat = 3;

  void say(core::FlightTicket& to, core::FlightWord word, core::CacheHold entry) override;
  void post(std::uint32_t to, std::uint32_t kind, const void* seat, std::uint64_t b);
  void take_in(core::CacheHold entry);
  void answer(core::FlightTicket& ticket, std::uint32_t waiters_max);
  void hear(FlightSeat& seat, core::FlightWord word, core::CacheHold entry);
  [[nodiscard]] core::CacheHold adopt(std::uint64_t entry) {
    return core::CacheHold::adopt(process_.store.memory(), static_cast<std::uint32_t>(entry));
  }

  ProcessCache& process_;
  std::uint32_t shard_;
  const core::Io& io_;
  ShardCounters& counters_;
  policy::RequestFingerprint fingerprint_;
  core::CachePartition partition_;
  core::FlightDesk desk_;
  core::SlotPool<CacheSession> sessions_;
  core::SlotPool<FlightSeat> seats_;
  ShardPost post_;
};

}  // namespace headrace::net
