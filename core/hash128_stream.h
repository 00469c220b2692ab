// XXH3-128 over bytes that come in pieces: as hash128() of all of them in a row (core/hash.h), with
// the same warning about what it is good for.
//
// Threads: belongs to one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/hash.h"

namespace headrace::core {

class Hash128Stream {
 public:
  explicit Hash128Stream(std::uint64_t seed);
  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  [[nodiscard]] Hash128 hash() const;

 private:
  static constexpr std::size_t kStateBytes = 576;
  alignas(64) std::byte state_[kStateBytes];
};

}  // namespace headrace::core
