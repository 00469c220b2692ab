// The rows of a config base that say how much may be asked for, and what it costs.
//
//   plans --------------------------------> model_rules
//     ^ |
//     | v
//   limit_sets --> limit_rules      what holds for a scope: the rules of its plan, with those that
//     ^                             it has of its own in their place. Scopes with the same have one
//     |                             set, so a million keys of one plan cost four bytes each.
//   organisations, tenants, projects, users, keys, providers
//
//   price_slots    open addressing by hash of (provider, exact model); a name for each tier
//        v
//   price_names --> prices          newest first: older names of the same model follow by `older`
//        ^
//   price_patterns                  those that end in a star, longest first
//
//   tenants --> zones --> zone_offsets      where their days and months begin
//
// Units: stand last in names.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/limits/calendar_window.h"
#include "core/limits/limit_terms.h"
#include "policy/config/row_values.h"
#include "policy/price/price_rates.h"
#include "policy/price/service_tier.h"

namespace headrace::policy::config {

// --- limits --------------------------------------------------------------------------------------
// All of these are part of limits' identities: never renumbered.
enum class LimitMeasure : std::uint8_t {
  requests,  // weighted by endpoint
  input_tokens,
  output_tokens,
  tokens,
  micro_usd,
  concurrent,  // requests at one time
};
inline constexpr LimitMeasure kLastMeasure = LimitMeasure::concurrent;
enum class LimitPeriod : std::uint8_t { second, minute, hour, day, month, total };
inline constexpr LimitPeriod kLastPeriod = LimitPeriod::total;
enum class LimitWindow : std::uint8_t { by_period, sliding, bucket };
// For whom it is counted: the scope that it stands at, or each one below it.
enum class LimitEach : std::uint8_t { scope, tenant, project, user, key };
// soft: warns, and refuses nothing.
enum class LimitAction : std::uint8_t { hard, soft };
enum class LimitFailure : std::uint8_t { closed, open };
// How it is written in the config.
enum class LimitOrigin : std::uint8_t { limit, budget, credit };

inline constexpr std::size_t kWarnings = 4;
// Written at one scope: limits, and budgets, each.
inline constexpr std::size_t kLimitsOfAScopeMax = 8;

struct LimitRule {
  TextRef name;
  TextRef model;            // what stands before the star of a pattern; empty and prefix: any
  std::uint64_t signature;  // of measure, window and model: what of an identity is not the scope
  std::uint64_t value;      // credit in a window
  std::uint64_t burst;      // of a bucket; 0: `value`
  LimitMeasure measure;
  LimitPeriod period;
  LimitWindow window;
  LimitEach each;
  LimitAction action;
  LimitFailure on_failure;
  LimitOrigin origin;
  Switch unlimited;
  Switch of_a_model;  // `model` says which
  Switch exact_model;
  std::array<std::uint8_t, kWarnings> warn_percent;  // ascending; 0: no more of them
  std::uint8_t reserved[2];
};
static_assert(sizeof(LimitRule) == 56);

struct LimitSet {
  RowRange rules;  // in limit_rules: all that hold
  RowRange own;    // in limit_rules: those written at the scope
  RowRef plan;
};
struct Plan {
  TextRef name;
  RowRange models;  // in model_rules; none: every model
  RowRange rules;   // in limit_rules
};

// --- endpoint weights ----------------------------------------------------------------------------
struct EndpointWeight {
  TextRef path;  // as of a passthrough rule
  std::uint64_t requests;
};

// --- prices --------------------------------------------------------------------------------------
struct Price {
  PriceRates rates;
  std::uint64_t version;  // a hash of all that it says: the same in every base that says the same
  std::int64_t from_unix_seconds;
  std::uint64_t image_tokens_max;
  TextRef from;  // as written
  RowRange names;
  std::uint32_t provider;
  ServiceTier service_tier;
  std::uint8_t reserved[3];
};
struct PriceName {
  TextRef model;  // as the provider calls it; of a pattern: what stands before the star
  std::uint32_t price;
  RowRef older;  // the same model and tier at an earlier date
  Switch exact;
  std::uint8_t reserved[7];
};

// --- the rest ------------------------------------------------------------------------------------
struct QuotaSettings {
  std::uint64_t output_tokens_default;
  std::uint64_t limits_in_use_max;
  Switch prices_by_tier;  // some price is of another tier than the standard one
  std::uint8_t reserved[7];
};
struct Zone {
  TextRef name;
  RowRange offsets;
};
struct ZoneOffsetRow {
  std::int64_t from_unix_seconds;
  std::int32_t offset_seconds;
  std::uint8_t reserved[4];
};

}  // namespace headrace::policy::config
