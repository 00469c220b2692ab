// By what an entry of the cache is found and known.
//
// The hash finds, and may collide. What confirms is everything else: the scope byte by byte (whose
// the entry is: whatever the layers above put there, it never matches another's), the length of
// what was asked, and a tag under a secret key over all of it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/hash.h"

namespace headrace::core {

// Of a scope.
inline constexpr std::size_t kCacheScopeBytesMax = 320;

struct CacheKey {
  Hash128 hash;
  std::array<std::uint64_t, 2> tag{};
  std::uint64_t length = 0;
  std::string_view scope;
};

}  // namespace headrace::core
