#include "net/edge/address_limits.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/hash.h"

namespace headrace::net {

AddressLimits::Key AddressLimits::key_of(const PeerAddress& address) {
  Key key{};
  const auto bytes = address.bytes();
  const bool v4 = bytes[10] == 0xff && bytes[11] == 0xff &&
                  std::all_of(bytes.begin(), bytes.begin() + 10, [](auto b) { return b == 0; });
  std::copy_n(bytes.begin(), v4 ? 16 : 8, key.begin());
  return key;
}

AddressLimits::Entry* AddressLimits::set_of(const Key& key) {
  const std::uint64_t hash = core::hash64(std::as_bytes(std::span(key)), seed_);
  return &entries_[hash % (kEntries / kSetEntries) * kSetEntries];
}

AddressLimits::Entry* AddressLimits::find(const Key& key, core::Instant now) {
  Entry* const set = set_of(key);
  Entry* const entry = std::find_if(set, set + kSetEntries, [&](const Entry& each) {
    return each.key == key && !each.free(now);
  });
  return entry == set + kSetEntries ? nullptr : entry;
}

AddressLimits::Entered AddressLimits::enter(const PeerAddress& address, const Limits& limits,
                                            core::Instant now) {
  if (!limits.any() || !address.known()) return Entered::uncounted;
  HEADRACE_CHECK(!entries_.empty(), "a listener with limits has prepared the table");
  const Key key = key_of(address);
  Entry* entry = find(key, now);
  if (entry == nullptr) {
    Entry* const set = set_of(key);
    entry = std::find_if(set, set + kSetEntries, [&](const Entry& each) { return each.free(now); });
    if (entry == set + kSetEntries) return Entered::uncounted;
    *entry = {.key = key, .since = now};
  }
  if (now - entry->since >= kPeriod) {
    entry->since = now;
    entry->opened = 0;
  }
  ++entry->opened;
  const bool over = (limits.connections_max != 0 && entry->open >= limits.connections_max) ||
                    (limits.opened_max != 0 && entry->opened > limits.opened_max);
  if (over) return Entered::over;
  ++entry->open;
  return Entered::counted;
}

std::optional<core::Duration> AddressLimits::room_in(const PeerAddress& address,
                                                     const Limits& limits, core::Instant now) {
  const Entry* const entry = find(key_of(address), now);
  if (entry == nullptr || limits.opened_max == 0 || entry->opened < limits.opened_max) {
    return std::nullopt;
  }
  return std::max(core::Duration::zero(), entry->since + kPeriod - now);
}

void AddressLimits::leave(const PeerAddress& address) {
  const Key key = key_of(address);
  Entry* const set = set_of(key);
  Entry* const entry = std::find_if(
      set, set + kSetEntries, [&](const Entry& each) { return each.key == key && each.open > 0; });
  HEADRACE_CHECK(entry != set + kSetEntries, "a counted connection has its entry");
  --entry->open;
}

}  // namespace headrace::net
