// The key of a request in the cache: by the request's bytes as received, less what never changes an
// answer.
//
//   scope   whose answer it is: the tenant's name, and the route's identity. Compared byte by byte,
//           so that one tenant can never read another's answer, whatever the hashes do.
//   head    what of the request's head counts, as the caller lays it out: path, query, fields
//   body    every byte but the values of the fields that unheeded_fields() names
//
// A tag under a secret key over all of it, with scope and length, confirms
// (core/cache/cache_key.h); the tag's hash finds, so that a body is gone through once. Where values
// were left out is part of it, so that two bodies that become the same bytes without them are not
// taken for the same.
//
// Threads: one for each shard. Nothing allocates after it is made.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/cache/cache_key.h"
#include "core/keyed_tag.h"
#include "policy/body/body_facts.h"
#include "policy/dialect/endpoint.h"

namespace headrace::policy {

// Of what of a request's head counts.
inline constexpr std::size_t kFingerprintHeadBytesMax = 4096;
inline constexpr std::size_t kFingerprintPrologueBytes = 64;

// Made anew by every process.
struct FingerprintSecret {
  std::uint64_t seed = 0;
  std::array<std::byte, core::KeyedTag::kKeyBytes> key{};
};

// The fields whose values never change an answer, by their place in the body, in its order.
struct UnheededFields {
  static constexpr std::size_t kMax = 4;
  std::array<ByteRange, kMax> ranges{};
  std::size_t count = 0;
  [[nodiscard]] std::span<const ByteRange> all() const { return {ranges.data(), count}; }
};
[[nodiscard]] UnheededFields unheeded_fields(Endpoint endpoint, const BodyFacts& facts);

// Of a header field that goes to the provider: does it never change an answer? By its name, in any
// letter case: who the client is and what it is written in, retries, tracing, and our own fields.
[[nodiscard]] bool is_unheeded_header(std::string_view name);

class RequestFingerprint {
 public:
  explicit RequestFingerprint(const FingerprintSecret& secret)
      : seed_(secret.seed), tag_(secret.key), before_body_{} {}

  // `scope`, of at most kCacheScopeBytesMax, is borrowed by the key; `head` has at most
  // kFingerprintHeadBytesMax.
  [[nodiscard]] core::CacheKey key(std::string_view scope, Endpoint endpoint, std::string_view head,
                                   std::span<const std::byte> body, const UnheededFields& unheeded);

 private:
  std::uint64_t seed_;
  core::KeyedTag tag_;
  std::array<std::byte, kFingerprintPrologueBytes + core::kCacheScopeBytesMax +
                            kFingerprintHeadBytesMax + core::KeyedTag::kBlockBytes>
      before_body_;
};

}  // namespace headrace::policy
