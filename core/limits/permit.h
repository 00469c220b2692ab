// The receipt for what a request took of its limits: of all of them, or of none.
//
//   ShardLimits::take() --> Permit --settle(true amounts)--> what was not used goes back, what was
//                             |                              used beyond is a debt
//                             +------dropped, refund()-----> all of it goes back
//
// Credit goes back to the step, bucket or calendar window that it was taken from; where that has
// passed, or the bucket has been full since, it lapses. Concurrent permits always return. What
// became of all credit is told to the shard's flows (core/limits/limit_flows.h).
//
// Threads:  its shard's.
// Lifetime: the ShardLimits that it came from must outlive it. Never allocates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/limits/limit_terms.h"

namespace headrace::core {

class ShardLimits;

// A stage's limits of one request: five scopes, each with a few windows and measures.
inline constexpr std::size_t kDemandsMax = 24;

// What was taken of one limit, and from where. Without values of its own: a permit has room for
// many, and most requests need a few.
struct LimitReceipt {
  std::uint64_t identity;
  std::uint64_t name;  // of the entry, in the life that it was taken in
  std::int64_t amount;
  std::uint64_t taken_at;   // sliding: step; bucket: book; calendar: window
  std::int64_t refill;      // as in the terms
  std::int64_t span_nanos;  // sliding, bucket: length of the window; calendar: its end
  std::uint32_t place;      // of the entry in the table
  WindowKind kind;
  std::uint8_t measure;  // as in the terms
};

class Permit {
 public:
  Permit() = default;
  Permit(Permit&& other) noexcept;
  Permit& operator=(Permit&& other) noexcept;
  ~Permit() { refund(); }

  // True amounts, in the order of the demands; those of concurrency are not looked at. Beyond what
  // was reserved they are charged whatever is left.
  void settle(std::span<const std::int64_t> used, LimitTime now);
  // Everything was used as it was reserved. Like refund() as of the last moment that the
  // ShardLimits was told.
  void settle_as_reserved();
  void refund();

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::int64_t reserved(std::size_t demand) const { return receipts_[demand].amount; }
  [[nodiscard]] std::uint64_t identity(std::size_t demand) const {
    return receipts_[demand].identity;
  }

 private:
  friend class ShardLimits;

  void end();

  ShardLimits* limits_ = nullptr;
  std::size_t count_ = 0;
  std::array<LimitReceipt, kDemandsMax> receipts_;  // the first count_ of them
};

}  // namespace headrace::core
