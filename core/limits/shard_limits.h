// The limits as one shard sees them: takes credit for requests, and gives back what they did not
// use. Over the words that all shards of the node share (core/limits/limit_words.h has the
// drawing).
//
// Credit of a large limit that this shard asks for again and again is taken from the node in slices
// and spent from the shard's own share, without atomic read-modify-writes. A slice belongs to the
// window's step that it was taken in, is void after kShareHold, and what is left of it then goes
// back. A limit that is small beside the number of shards is spent straight from the node's word.
//
// Threads:    one shard's. Any number of them, in any number of processes, over one LimitMemory.
// Lifetime:   the memory outlives it; it outlives its permits. give_back_shares() before it goes.
// Invariants: never more than a limit allows in any stretch of its window, whoever dies when.
// Time:       is told with every call and counts as the moment of admission. It may lag behind that
//             of other shards: what is spent late counts as spent then, never earlier.
// Leaves:     which limits a request has, and what they measure, to its caller.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/limits/credit_listener.h"
#include "core/limits/limit_reading.h"
#include "core/limits/limit_refusal.h"
#include "core/limits/limit_return.h"
#include "core/limits/limit_table.h"
#include "core/limits/limit_terms.h"
#include "core/limits/permit.h"
#include "core/limits/pool_verdict.h"
#include "core/limits/share_claim.h"

namespace headrace::core {

// An idle share's credit is back with the node after this at the latest, if tend() is called.
inline constexpr Duration kShareHold = std::chrono::milliseconds{20};

// So often a shard must be told the time while permits are out: their credit comes back as of then.
inline constexpr Duration kTendWithin = std::chrono::seconds{10};

class ShardLimits {
 public:
  ShardLimits(const LimitMemory& memory, std::uint32_t incarnation, std::uint32_t shard);
  ShardLimits(const ShardLimits&) = delete;
  ShardLimits& operator=(const ShardLimits&) = delete;

  // Outlives the last credit that comes back.
  void tell(CreditListener& listener) { listener_ = &listener; }

  // Starts to fetch a limit's words: as soon as its identity is known.
  void prefetch(std::uint64_t identity) const;

  // Takes all demands (at most kDemandsMax, no identity twice) or none; `into` is empty before, and
  // after a refusal.
  [[nodiscard]] std::optional<LimitRefusal> take(std::span<const LimitDemand> demands,
                                                 LimitTime now, Permit& into);
  [[nodiscard]] LimitReading read(const LimitTerms& terms, LimitTime now);
  // Until so much of it has come back, if nobody takes anything meanwhile; more than a window holds
  // takes several. Of a concurrency limit nobody knows: 0.
  [[nodiscard]] Duration wait_for(const LimitTerms& terms, std::int64_t amount, LimitTime now);
  // Another process holds permits of a concurrency limit, or may hold credit of another one. What
  // it gives back nobody here hears of.
  [[nodiscard]] bool held_elsewhere(const LimitTerms& terms);
  // All credit is there again, whatever was spent; opens a closed limit. What is out in permits and
  // shares is no longer counted, and does not come back. For an operator's command.
  void reset(std::uint64_t identity);

  // Gives back shares whose time is over, and forgets a few limits that are idle. To be called when
  // next_tending() has come, and now and then; more often does no harm.
  void tend(LimitTime now);
  // kNever while neither shares nor permits are out.
  [[nodiscard]] Instant next_tending() const { return next_tending_; }
  // All of them, at once: before the shard ends.
  void give_back_shares();

  // Of this shard since it began.
  struct Counts {
    std::uint64_t slices_leased = 0;
    std::uint64_t slices_returned = 0;
    std::uint64_t overruns = 0;    // settled beyond the reservation
    std::uint64_t debts_lost = 0;  // of these, where no place was left to charge them to
    std::uint64_t limits_closed = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  friend class Permit;

  // What this shard remembers of a limit that it asks for often. Of two that meet in one seat, the
  // one that holds a share keeps it until that is over.
  struct Seat {
    std::uint64_t identity = 0;
    Instant since{};          // takes are counted from here
    Instant not_after{};      // of the share
    std::uint32_t takes = 0;  // straight from the node
    bool holds_share = false;
  };

  void fetch_ahead(std::span<const LimitDemand> demands, LimitTime now,
                   std::span<LimitTable::Hash> hashes) const;
  std::optional<LimitRefusal> take_one(const LimitDemand& demand, LimitTable::Hash hash,
                                       LimitTime now, LimitReceipt& receipt);
  std::optional<LimitRefusal> take_from_node(const LimitDemand& demand, LimitTable::Hash hash,
                                             std::size_t seat, bool large, LimitTime now,
                                             LimitReceipt& receipt);
  PoolVerdict ask(LimitTable::Place place, const LimitTerms& terms, std::int64_t amount,
                  Duration lead, LimitTime now);
  [[nodiscard]] PoolAnswer without_steps(LimitTable::Place place) const;
  PoolVerdict ask_calendar(LimitTable::Place place, const LimitTerms& terms, std::int64_t amount,
                           LimitTime now, ShareClaim* claim = nullptr);
  PoolVerdict ask_for_slice(std::size_t seat, LimitTable::Place place, const LimitTerms& terms,
                            std::int64_t slice, Duration lead, LimitTime now);
  PoolStanding standing_of(LimitTable::Place place, const LimitTerms& terms, LimitTime now);

  [[nodiscard]] bool others_live() const;
  [[nodiscard]] std::size_t seat_of(std::uint64_t identity) const;
  [[nodiscard]] bool is_large(const LimitTerms& terms) const;
  [[nodiscard]] Duration hold_of(const LimitTerms& terms, bool large) const;
  bool spend_share(std::size_t seat, const LimitDemand& demand, LimitTime now,
                   LimitReceipt& receipt);
  std::int64_t slice_for(std::size_t seat, const LimitDemand& demand, LimitTable::Place place,
                         LimitTime now);
  void hold_share(std::size_t seat, const LimitReceipt& slice, std::int64_t balance,
                  Instant not_after);
  void give_back_share(std::size_t seat);

  void give_up(Permit& permit);
  void give_back(const LimitReceipt& receipt, std::int64_t amount);
  CreditReturn put_back(const LimitReceipt& receipt, std::int64_t amount);
  [[nodiscard]] bool give_back_to_share(const LimitReceipt& receipt, std::int64_t amount);
  void keep(const LimitReceipt& receipt, std::int64_t amount);
  void charge(const LimitReceipt& receipt, std::int64_t amount, LimitTime now);
  [[nodiscard]] LimitFlow& flow(const LimitReceipt& receipt) {
    return flows_.of(receipt.kind, receipt.measure);
  }
  bool close(LimitTable::Place place);

  LimitMemory memory_;
  LimitTable table_;
  std::uint32_t incarnation_;
  std::uint32_t shard_;
  std::span<ShareSlot> slots_;
  LimitFlows& flows_;
  std::array<Seat, kSharesPerShard> seats_;
  std::array<std::uint16_t, kSharesPerShard> held_{};  // seats that hold a share
  std::size_t held_count_ = 0;
  Instant next_tending_ = kNever;
  LimitTime last_seen_;
  std::uint64_t permits_out_ = 0;
  CreditListener* listener_ = nullptr;
  Counts counts_;
};

}  // namespace headrace::core
