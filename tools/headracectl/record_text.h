// Usage records and refusal counts for people and programs.
#pragma once

#include <cstdint>
#include <string>

#include "policy/record/refusal_counts.h"
#include "policy/record/usage_record.h"

namespace headrace::tools::ctl {

// RFC 3339 with milliseconds, UTC.
std::string time_text(std::int64_t unix_nanos);

enum class Output : std::uint8_t { table, json };

// The line above the rows; empty for JSON.
[[nodiscard]] std::string heading(Output output);
// One line, with its end.
[[nodiscard]] std::string record_text(const policy::UsageRecord& record, Output output);
// A line for each row.
[[nodiscard]] std::string refusals_text(const policy::RefusalMinute& minute, Output output);

}  // namespace headrace::tools::ctl
