// Takes what a request asks for of all its limits, or of none: what soft limits and a choice of
// failing open mean is decided here, the rest by core/limits.
//
// A soft limit gives what it has; what is used beyond that becomes its debt, and it warns. A limit
// that cannot be asked (its words are damaged, or there is no room for it) refuses, or, where its
// operator chose so, is left out.
//
// Threads: one shard's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "core/limits/shard_limits.h"
#include "policy/quota/limit_chain.h"

namespace headrace::policy {

// What a request takes of each limit of its chain, in its order.
using ChainAmounts = std::array<std::int64_t, core::kDemandsMax>;

static_assert(core::kDemandsMax <= 32, "Taken has a bit for each");

struct QuotaRefusal {
  const ChainedLimit* limit = nullptr;
  core::RefusalCause cause = core::RefusalCause::spent;
  std::optional<core::Duration> retry_after;
};

// What was taken, and of which limits.
struct Taken {
  core::Permit permit;
  std::array<config::LimitMeasure, core::kDemandsMax> measures{};  // of the permit's demands
  std::uint32_t soft = 0;  // a bit for each of the permit's demands that is of a soft limit
  std::uint32_t failed_open = 0;
  std::uint32_t beyond_soft = 0;  // soft limits that had not enough

  // How much of one of them.
  [[nodiscard]] std::int64_t of(const ChainedLimit& limit) const;
};

[[nodiscard]] std::optional<QuotaRefusal> take(core::ShardLimits& limits, const LimitChain& chain,
                                               const ChainAmounts& amounts, core::LimitTime now,
                                               Taken& into);

}  // namespace headrace::policy
