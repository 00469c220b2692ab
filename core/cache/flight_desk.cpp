#include "core/cache/flight_desk.h"

#include <bit>

namespace headrace::core {

namespace {

bool same(const CacheKey& one, const CacheKey& other) {
  return one.hash == other.hash && one.tag == other.tag && one.length == other.length &&
         one.scope == other.scope;
}

}  // namespace

FlightDesk::FlightDesk(FlightWords& words, const FlightLimits& limits)
    : words_(words),
      flights_("answers being fetched", limits.flights_max),
      buckets_(std::bit_ceil(std::size_t{limits.flights_max})) {}

IntrusiveList<Flight>& FlightDesk::bucket_of(const CacheKey& key) {
  return buckets_[key.hash.low & (buckets_.size() - 1)];
}

Flight* FlightDesk::find(const CacheKey& key) {
  IntrusiveList<Flight>& bucket = bucket_of(key);
  Flight* flight = bucket.first();
  while (flight != nullptr && !same(flight->leader->key, key))
    flight = bucket.after(*flight);
  return flight;
}

void FlightDesk::ask(FlightTicket& ticket, std::uint32_t waiters_max) {
  if (Flight* flight = find(ticket.key); flight != nullptr) {
    if (flight->waiting >= waiters_max) return words_.say(ticket, FlightWord::alone, {});
    ticket.flight = flight;
    flight->waiters.push_back(ticket);
    ++flight->waiting;
    return;
  }
  Flight* flight = flights_.make(ticket);
  if (flight == nullptr) return words_.say(ticket, FlightWord::alone, {});
  ticket.flight = flight;
  bucket_of(ticket.key).push_back(*flight);
  words_.say(ticket, FlightWord::lead, {});
}

void FlightDesk::finish(FlightTicket& ticket, FlightEnd end, const CacheHold& entry) {
  Flight* flight = ticket.flight;
  if (flight == nullptr || flight->leader != &ticket || end == FlightEnd::failed) {
    return leave(ticket);
  }
  ticket.flight = nullptr;
  while (FlightTicket* waiter = flight->waiters.pop_front()) {
    waiter->flight = nullptr;
    if (end == FlightEnd::stored) {
      words_.say(*waiter, FlightWord::hit, entry.again());
    } else {
      words_.say(*waiter, FlightWord::alone, {});
    }
  }
  this->end(*flight);
  words_.say(ticket, FlightWord::done, {});
}

void FlightDesk::leave(FlightTicket& ticket) {
  if (Flight* flight = ticket.flight; flight != nullptr) {
    ticket.flight = nullptr;
    if (flight->leader == &ticket) {
      next_leads(*flight);
    } else {
      static_cast<ListHook<>&>(ticket).unlink();
      if (--flight->waiting == 0 && flight->client_left) {
        FlightTicket& leader = *flight->leader;
        leader.flight = nullptr;
        end(*flight);
        words_.say(leader, FlightWord::stop, {});
      }
    }
  }
  words_.say(ticket, FlightWord::done, {});
}

void FlightDesk::client_left(FlightTicket& ticket) {
  Flight* flight = ticket.flight;
  if (flight != nullptr && flight->waiting > 0) {
    flight->client_left = true;
    return;
  }
  ticket.flight = nullptr;
  if (flight != nullptr) end(*flight);
  words_.say(ticket, FlightWord::stop, {});
}

// The key is the leader's: who leads next has the same one.
void FlightDesk::next_leads(Flight& flight) {
  FlightTicket* next = flight.waiters.pop_front();
  if (next == nullptr) return end(flight);
  --flight.waiting;
  flight.leader = next;
  flight.client_left = false;
  words_.say(*next, FlightWord::lead, {});
}

void FlightDesk::end(Flight& flight) {
  static_cast<ListHook<>&>(flight).unlink();
  flights_.destroy(flight);
}

}  // namespace headrace::core
