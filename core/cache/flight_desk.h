// Single flight: of those who ask for the same answer at the same time one leads and fetches it,
// the others wait for what comes of that.
//
//   ask ---> lead ----------> finish(stored)  the others: hit       flight over
//     |                  +--> finish(failed)  the next one: lead, the others go on waiting
//     |                  +--> finish(alone)   the others: alone     flight over
//     |                  +--> client_left     stop (nobody waits), or nothing: go on for them
//     +--> (waits) ---> hit | lead | alone
//     +--> alone     there are as many flights or waiters as there may be
//
// Whoever asked says finish() or leave() in the end, whatever it was told, and then hears `done`:
// only then is its ticket its own again. So words that cross each other on their way do no harm.
//
// Threads: one, the home's (cache_store.h). Words go out through FlightWords, which may carry them
//          to other shards.
// Bounds:  flights_max flights, waiters_max waiters each. How long one waits is the asker's affair.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/cache/cache_hold.h"
#include "core/cache/flight_ticket.h"
#include "core/slot_pool.h"

namespace headrace::core {

enum class FlightWord : std::uint8_t {
  lead,   // fetch the answer
  hit,    // here it is; the hold is the ticket's owner's
  alone,  // fetch it for yourself
  stop,   // to a leader whose client has left: nobody waits any more
  done,   // the ticket is yours again
};

class FlightWords {
 public:
  virtual void say(FlightTicket& to, FlightWord word, CacheHold entry) = 0;

 protected:
  ~FlightWords() = default;
};

enum class FlightEnd : std::uint8_t {
  stored,  // the answer is in the cache
  failed,  // a failure, a cut, a refusal: never shared
  alone,   // the answer is good, but has no place in the cache
};

struct FlightLimits {
  std::uint32_t flights_max = 4096;
};

struct Flight : ListHook<> {
  explicit Flight(FlightTicket& first) : leader(&first) {}
  FlightTicket* leader;
  IntrusiveList<FlightTicket> waiters;  // the oldest first
  std::uint32_t waiting = 0;
  bool client_left = false;  // the leader's: it goes on for those who wait
};

class FlightDesk {
 public:
  FlightDesk(FlightWords& words, const FlightLimits& limits);
  FlightDesk(const FlightDesk&) = delete;
  FlightDesk& operator=(const FlightDesk&) = delete;
  ~FlightDesk() = default;

  void ask(FlightTicket& ticket, std::uint32_t waiters_max);
  // By who was told to lead; from anybody else it is leave(). `entry` with `stored`.
  void finish(FlightTicket& ticket, FlightEnd end, const CacheHold& entry);
  void leave(FlightTicket& ticket);
  // By a leader: its client has left, does anybody wait?
  void client_left(FlightTicket& ticket);

  [[nodiscard]] std::uint32_t flights() const { return flights_.in_use(); }

 private:
  [[nodiscard]] IntrusiveList<Flight>& bucket_of(const CacheKey& key);
  [[nodiscard]] Flight* find(const CacheKey& key);
  void end(Flight& flight);
  void next_leads(Flight& flight);

  FlightWords& words_;
  SlotPool<Flight> flights_;
  std::vector<IntrusiveList<Flight>> buckets_;
};

}  // namespace headrace::core
