// A record as version 1 wrote it: without the time that its request waited.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "policy/record/record_layout.h"

namespace headrace::policy {

// `bytes`: as it is written now.
inline std::vector<std::byte> as_version_1(std::span<const std::byte> bytes) {
  constexpr auto kWaited = static_cast<std::ptrdiff_t>(offsetof(RecordHead, waited_nanos));
  std::vector<std::byte> old(bytes.begin(), bytes.end());
  old.erase(old.begin() + kWaited, old.begin() + kWaited + 8);
  const std::uint16_t version[] = {1, 264};
  std::memcpy(old.data(), version, sizeof version);
  const auto size = static_cast<std::uint32_t>(old.size());
  std::memcpy(old.data() + offsetof(RecordHead, bytes), &size, sizeof size);
  return old;
}

}  // namespace headrace::policy
