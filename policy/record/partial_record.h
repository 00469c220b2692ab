// The record of a request whose gateway died, from what stood in its in-flight entry.
#pragma once

#include <optional>

#include "core/in_flight_table.h"
#include "policy/record/usage_record.h"

namespace headrace::policy {

// The calls to providers that an entry tells of.
void record_attempts(const core::InFlightSight& sight, UsageRecord& into);

// Usage as far as the table held it, marked `partial`. The record's texts lie in the entry.
// Nothing: the intent is damaged. `now_unix_nanos`: of the recovery.
[[nodiscard]] std::optional<UsageRecord> partial_record(const core::InFlightSight& sight,
                                                        std::int64_t now_unix_nanos);
// The same of an intent alone, which is all that a power failure leaves.
[[nodiscard]] std::optional<UsageRecord> partial_record(std::span<const std::byte> intent,
                                                        std::int64_t now_unix_nanos);

}  // namespace headrace::policy
