// What the strings of a JSON text hold, byte by byte and in plain words, to compare TextScan with
// (policy/estimate/text_scan.h). Knows no media: every string is text; and of bare bytes those of
// numbers alone.
#pragma once

#include <string_view>

#include "policy/estimate/text_counts.h"

namespace headrace::fuzz {

// Of a whole JSON text.
[[nodiscard]] policy::TextCounts reference_text_scan(std::string_view json);

}  // namespace headrace::fuzz
