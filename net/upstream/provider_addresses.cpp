#include "net/upstream/provider_addresses.h"

#include <algorithm>

namespace headrace::net {

void ProviderAddresses::set(std::span<const core::SocketAddress> addresses) {
  std::array<Entry, kMax> entries;
  const std::size_t count = std::min(addresses.size(), kMax);
  for (std::size_t i = 0; i < count; ++i) {
    entries[i].address = addresses[i];
    for (std::size_t old = 0; old < count_; ++old) {
      if (entries_[old].address == addresses[i]) entries[i].rests_until = entries_[old].rests_until;
    }
  }
  entries_ = entries;
  count_ = count;
  ++list_;
}

std::size_t ProviderAddresses::worthy(core::Instant now, bool draining) const {
  return static_cast<std::size_t>(std::count_if(
      entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(count_),
      [&](const Entry& each) { return each.drains == draining && each.rests_until <= now; }));
}

ProviderAddresses::Choice ProviderAddresses::choose(core::Instant now) {
  if (count_ == 0) return {};
  const std::size_t others = worthy(now);
  const bool draining = worthy(now, false) == 0;
  std::size_t index = next_ % count_;
  while (others > 0 && (entries_[index].rests_until > now || entries_[index].drains != draining))
    index = (index + 1) % count_;
  next_ = index + 1;
  return {.address = &entries_[index].address,
          .mark = list_ * static_cast<std::uint32_t>(kMax) + static_cast<std::uint32_t>(index),
          .others_worthy = others > 1};
}

ProviderAddresses::Entry* ProviderAddresses::entry(std::uint32_t mark) {
  return mark / kMax == list_ ? &entries_[mark % kMax] : nullptr;
}

bool ProviderAddresses::failed(std::uint32_t mark, core::Instant now) {
  if (Entry* found = entry(mark)) found->rests_until = now + kRest;
  return worthy(now) > 0;
}

void ProviderAddresses::works(std::uint32_t mark) {
  if (Entry* found = entry(mark)) found->rests_until = {};
}

}  // namespace headrace::net
