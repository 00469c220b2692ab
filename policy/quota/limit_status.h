// What a client is told of the limits that it has: in the fields of every answer, and when it asks.
//
// Threads: values; what they point to lives with the config.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/limits/shard_limits.h"
#include "policy/dialect/dialect.h"
#include "policy/quota/limit_chain.h"
#include "policy/quota/reservation.h"

namespace headrace::policy {

// One limit as it stands.
struct LimitStatus {
  const config::LimitRule* rule = nullptr;
  config::ScopeKind scope = config::ScopeKind::tenant;
  core::LimitReading reading;

  [[nodiscard]] bool known() const { return rule != nullptr; }
};

// Of all limits that a request had to keep to, those that are nearest to their end. What it has
// reserved of tokens and may never use is not counted: clients that go by what remains would stop
// for nothing.
struct NearestLimits {
  LimitStatus requests;
  LimitStatus tokens;  // input, output or both

  [[nodiscard]] bool any() const { return requests.known() || tokens.known(); }
  // `reserved`: what of the reading is only reserved, for the request itself.
  void consider(const ChainedLimit& limit, const core::LimitReading& reading,
                std::int64_t reserved = 0);
  // Of tokens, so much is no longer reserved, but used.
  void spend(const Consumption& used);
};

// The fields that tell of them, each with its line end: X-RateLimit-*, the RateLimit and
// RateLimit-Policy of the IETF's draft, and those of the dialect's own provider. Returns the piece
// of `out` that was written; `out` has kRateFieldsBytesMax.
inline constexpr std::size_t kRateFieldsBytesMax = 1280;
[[nodiscard]] std::string_view write_rate_fields(const NearestLimits& nearest, Dialect dialect,
                                                 const config::ConfigView& config,
                                                 core::WallTime now, std::span<char> out);

// Whether a field of a provider's answer tells of the account that the gateway has there: not its
// clients' business, and not to be confused with what they are told of their own limits.
[[nodiscard]] bool tells_of_the_account(std::string_view field_name);

}  // namespace headrace::policy
