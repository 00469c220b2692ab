// Entries for the cache's tests: their keys, and bytes that tell which key they are of.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/cache/cache_builder.h"
#include "core/cache/cache_store.h"
#include "core/hash.h"

namespace headrace::core {

inline constexpr Instant kCacheTestStart{std::chrono::seconds(100)};
inline constexpr Duration kCacheTestLife = std::chrono::seconds(60);

inline CacheKey cache_key(std::uint64_t number, std::string_view scope = "tenant") {
  const std::string text = std::to_string(number);
  const Hash128 tag = hash128(text, 2);
  return {hash128(std::string(scope) + text, 1), {tag.low, tag.high}, text.size(), scope};
}

// Bytes that no other key, and no other place within the body, has.
inline std::vector<std::byte> cache_body(std::uint64_t number, std::size_t bytes) {
  std::vector<std::byte> body(bytes);
  for (std::size_t i = 0; i < bytes; ++i)
    body[i] = static_cast<std::byte>(number * 131 + i * 7 + i / 251);
  return body;
}

inline CacheHold build_entry(CacheStore& store, CachePartition& own, const CacheKey& key,
                             std::span<const std::byte> body, Instant now = kCacheTestStart,
                             Duration life = kCacheTestLife) {
  CacheBuilder builder;
  const std::uint64_t note = body.size();
  if (builder.start(store, own, key, sizeof note, SIZE_MAX, now) != CacheBuilder::Status::ok ||
      builder.append(body, now) != CacheBuilder::Status::ok) {
    return {};
  }
  return builder.finish(std::as_bytes(std::span(&note, 1)), now, now + life);
}

inline std::vector<std::byte> body_of(const CacheHold& hold) {
  std::vector<std::byte> body;
  while (body.size() < hold.body_bytes()) {
    std::array<std::span<const std::byte>, 4> slices;
    const std::size_t count = hold.slices(body.size(), slices);
    for (std::size_t i = 0; i < count; ++i)
      body.insert(body.end(), slices[i].begin(), slices[i].end());
    if (count == 0) break;
  }
  return body;
}

}  // namespace headrace::core
