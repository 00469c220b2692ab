// The config base in the shared region: two banks, of which one is current while the next base is
// written into the other.
//
// Threads: one writer at a time, in any process; any number of readers.
// A reader may go on using a bank until the second publish() after the one that it saw. The writer
// therefore waits, before it begins, until every live shard has noted the current generation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/shared_region.h"

namespace headrace::core {

class ConfigBanks {
 public:
  explicit ConfigBanks(SharedRegion& region) : region_(region) {}

  struct Current {
    std::uint64_t generation = 0;
    std::span<const std::byte> base;
  };

  // 0 when nothing was ever published. One load: for looking every turn.
  [[nodiscard]] std::uint64_t generation() const;
  // The current base, after its length was held against the bank and its checksum against its
  // bytes. Nothing when none was published or it does not hold.
  [[nodiscard]] std::optional<Current> current() const;

  // The bank that is not current, to be filled from its start.
  [[nodiscard]] std::span<std::byte> next_bank();
  // Makes its first `bytes` the current base. Returns its generation.
  std::uint64_t publish(std::size_t bytes);

 private:
  SharedRegion& region_;
};

}  // namespace headrace::core
