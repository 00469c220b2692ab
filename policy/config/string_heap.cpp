#include "policy/config/string_heap.h"

#include <cstdint>
#include <limits>

#include "core/check.h"

namespace headrace::policy::config {

// References are of 32 bits.
void StringHeap::make_room(std::size_t bytes) const {
  HEADRACE_CHECK(bytes_.size() + bytes <= std::numeric_limits<std::uint32_t>::max());
}

TextRef StringHeap::append(std::string_view text) {
  if (text.empty()) return {};
  make_room(text.size());
  const TextRef ref{static_cast<std::uint32_t>(bytes_.size()),
                    static_cast<std::uint32_t>(text.size())};
  bytes_.insert(bytes_.end(), text.begin(), text.end());
  return ref;
}

TextRef StringHeap::intern(std::string_view text) {
  if (const auto known = interned_.find(text); known != interned_.end()) return known->second;
  return interned_.emplace(std::string(text), append(text)).first->second;
}

KeyLabel StringHeap::append_label(std::string_view name, std::string_view prefix) {
  constexpr std::size_t kBytesMax = std::numeric_limits<std::uint8_t>::max();
  HEADRACE_CHECK(name.size() <= kBytesMax);
  HEADRACE_CHECK(prefix.size() <= kBytesMax);
  make_room(2 + name.size() + prefix.size());
  const KeyLabel label{static_cast<std::uint32_t>(bytes_.size())};
  bytes_.push_back(static_cast<char>(name.size()));
  bytes_.push_back(static_cast<char>(prefix.size()));
  bytes_.insert(bytes_.end(), name.begin(), name.end());
  bytes_.insert(bytes_.end(), prefix.begin(), prefix.end());
  return label;
}

}  // namespace headrace::policy::config
