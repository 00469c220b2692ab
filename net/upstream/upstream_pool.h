// The connections of one shard to one provider: idle ones, reused last in first out, and requests
// that wait for one, served first in first out; before them, by fresh connections alone, those that
// want a fresh one.
//
// Bounds: pool.total_max connections, of which at most pool.idle_max are kept idle, each for at
// most pool.idle_timeout_ms and in use for at most pool.lifetime_ms.
// Threads: one shard.  Lifetime: belongs to a ShardConfig, which outlives its connections and
// users.
#pragma once

#include <cstdint>

#include "core/clock.h"
#include "core/intrusive_list.h"
#include "net/tls/resumption_cache.h"
#include "net/upstream/provider_link.h"
#include "net/upstream/upstream_connection.h"
#include "net/upstream/upstream_user.h"

namespace headrace::net {

class ShardConfig;

struct HungryPoolTag;
struct ReturningPoolTag;

class UpstreamPool : public core::ListHook<ReturningPoolTag>, public core::ListHook<HungryPoolTag> {
 public:
  UpstreamPool(ShardContext& shard, ShardConfig& config, const ProviderLink& provider);
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  // An idle connection, attached to the user; or nullptr: the user waits, and hears of it by
  // on_upstream_ready() or on_upstream_failed(). May also fail at once, by on_upstream_failed() in
  // a later turn.
  [[nodiscard]] UpstreamConnection* acquire(UpstreamUser& user);
  // The same, past all that were used before: for who has just met a dead one, because whoever
  // closed it may have closed them all. The user always waits; where no connection can be opened,
  // for a used one too.
  void acquire_fresh(UpstreamUser& user);
  // The user no longer waits.
  void forget(UpstreamUser& user);

  // The provider's addresses are known now, or known not to be: those who wait go on.
  void on_addresses();

  // Closes the one that has been idle for longest: its place is wanted elsewhere. False: none is.
  bool give_up_idle();

  // The shard's config is no longer the current one: idle connections go, busy ones end after use.
  void retire();

  [[nodiscard]] const ProviderLink& provider() const { return provider_; }
  [[nodiscard]] tls::ResumptionCache& tls_resumption() { return tls_resumption_; }
  [[nodiscard]] std::uint32_t total() const { return total_; }
  // What a request that waited for too long has waited for.
  [[nodiscard]] UpstreamFailure waited_for() const;
  [[nodiscard]] std::uint32_t idle() const { return idle_count_; }

  // The turn ends: connections given back in it serve whoever waits, or become idle. Not sooner:
  // bytes behind an answer may lie in the same batch of completions as its end, and must not be
  // taken for the next one's answer.
  void settle_returns();

  // Large answers were seen last: receive straight into large buffers.
  [[nodiscard]] bool expects_bulk() const { return bulk_expectation_ >= kBulkThreshold; }
  void learn_answer_bytes(std::uint64_t bytes);

 private:
  using Waiting = core::IntrusiveList<UpstreamUser, UpstreamWaitTag>;
  void wait(UpstreamUser& user, Waiting& list);
  UpstreamUser* pop_waiting(bool used);
  void make_place(UpstreamConnection& connection);
  friend class UpstreamConnection;
  static constexpr std::uint64_t kBulkThreshold = 8 * 1024;

  void give_back(UpstreamConnection& connection);
  void on_connected(const UpstreamConnection& connection);
  void on_ready(UpstreamConnection& connection);  // fresh, or given back
  // No connection will come for the one whose turn is next; false: nobody waits.
  bool fail_one(UpstreamFailure failure);
  void fail_all(UpstreamFailure failure);
  void on_gone(UpstreamConnection& connection, bool was_connecting);
  void start_connections();
  bool wait_for_place();
  UpstreamFailure start_one();

  ShardContext& shard_;
  ShardConfig& config_;
  const ProviderLink& provider_;
  core::IntrusiveList<UpstreamConnection, UpstreamIdleTag> idle_;
  core::IntrusiveList<UpstreamConnection, UpstreamIdleTag> returned_;  // in this turn
  Waiting waiting_;
  Waiting waiting_for_fresh_;
  std::uint32_t total_ = 0;
  std::uint32_t idle_count_ = 0;
  std::uint32_t returned_count_ = 0;
  std::uint32_t connecting_ = 0;
  std::uint32_t waiting_count_ = 0;     // in both lists
  std::uint64_t bulk_expectation_ = 0;  // moving average of answer sizes, bytes
  tls::ResumptionCache tls_resumption_;
  bool makes_place_ = false;  // one is closed for who waits for a fresh one
  bool retired_ = false;
};

}  // namespace headrace::net
