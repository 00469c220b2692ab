// One call of a request to a provider: whom it goes to, by which connection, what it holds of that
// provider's target, and how far it has got.
//
// Threads: one shard.  Lifetime: an exchange's, for the call that it attends to; or a SilentCall's.
#pragma once

#include <cstdint>

#include "core/clock.h"
#include "net/upstream/target_states.h"
#include "policy/config/config_view.h"
#include "policy/price/target_prices.h"
#include "policy/resilience/attempt.h"

namespace headrace::net {

struct TargetHold;
class UpstreamConnection;
class UpstreamPool;

// How long a provider that no longer takes our bytes may still be heard.
inline constexpr core::Duration kLastWordsTime = std::chrono::seconds(1);

struct UpstreamCall {
  UpstreamPool* pool = nullptr;
  UpstreamConnection* connection = nullptr;        // while it has one
  const policy::config::Target* target = nullptr;  // none: passed through
  const policy::config::Price* price = nullptr;    // the standard tier's, until it is settled
  policy::TierPriceRows tier_prices{};
  std::uint64_t learned = 0;  // by what its model's history is known; 0: nobody has asked
  AttemptHold hold;
  TargetHold* limits = nullptr;  // what it holds of those of its target
  core::Instant begun_at{};
  core::Instant sent_at{};        // when its connection was there
  core::Instant answer_due{};     // the first byte
  std::uint32_t patience_ms = 0;  // that the provider asked for
  std::uint32_t provider = 0;
  std::uint8_t entry = 0;             // of AttemptLog::made
  bool sent : 1 = false;              // the provider has all of the request
  bool last_leaves : 1 = false;       // its last bytes were given to be sent
  bool send_failed : 1 = false;       // it takes no more; it may still say something
  bool broken_sending : 1 = false;    // it closed; what is on its way to it must end first
  bool replay_when_sent : 1 = false;  // the kept connection is dead; its last send is not over
  bool replayed : 1 = false;          // sent once more, as the kept connection was dead
  bool never_again : 1 = false;       // the provider forbids another try: forbids()
  bool open : 1 = false;              // the record's entry of it has not ended

  // Whether the provider's word ends the request's tries. Where the fault is the key's it speaks of
  // that account alone, and another key or target may still be asked.
  [[nodiscard]] bool forbids(policy::AttemptEnd end) const {
    return never_again && policy::row(end).blame != policy::Blame::key;
  }

  // The provider has all of the request, or may have: its last byte is with the kernel, and the end
  // of the send is not known. Once its connection is given up, as it was then.
  [[nodiscard]] bool may_be_whole() const;
};

}  // namespace headrace::net
