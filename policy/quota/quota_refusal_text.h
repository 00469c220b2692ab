// What a client is told when a limit refuses it: which reason, in which words, and when to come
// again.
//
// Threads: pure functions.
#pragma once

#include "policy/dialect/refusal.h"
#include "policy/quota/take.h"

namespace headrace::policy {

// The texts are the config's. `amount_too_large`: the limit could never give what was asked.
[[nodiscard]] Refusal refusal_of(const QuotaRefusal& refused, const config::ConfigView& config);

}  // namespace headrace::policy
