// What of a request's head counts for the cache, and what it says to it.
//
//   /v1/chat/completions?beta=true\n      path and query as received, less the client's key
//   anthropic-version: 2023-06-01\n ...   fields that go to the provider and may change its answer
//
// Threads: pure.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "core/cache/cache_key.h"
#include "net/http/head_writer.h"
#include "net/http/request_head.h"
#include "policy/cache/cache_wish.h"
#include "policy/cache/request_fingerprint.h"

namespace headrace::net {

// Of every answer on endpoints that we understand: what stands in it is one caller's affair.
inline constexpr std::string_view kNotForSharedCaches = "Cache-Control: private, no-store\r\n";

class CacheHead {
 public:
  // Of longer ones no answer is kept.
  static constexpr std::size_t kBytesMax = policy::kFingerprintHeadBytesMax;

  // False: it does not fit.
  [[nodiscard]] bool write(const http::RequestHead& head);
  [[nodiscard]] std::string_view text() const { return {text_.data(), bytes_}; }

 private:
  void add(std::string_view text);

  std::array<char, kBytesMax> text_;
  std::size_t bytes_ = 0;
  bool fits_ = true;
};

[[nodiscard]] policy::CacheWish cache_wish(const http::RequestHead& head);

// Whose answers: the tenant by its name, which no config gives to another, and the route by all
// that decides who answers.
[[nodiscard]] std::string_view write_cache_scope(std::string_view tenant,
                                                 std::span<const std::byte> route_identity,
                                                 std::span<char, core::kCacheScopeBytesMax> room);

}  // namespace headrace::net
