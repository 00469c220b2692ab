// index_json for processors with AVX-512 (BW, VBMI2), BMI1 and POPCNT. Only
// policy/json/json_index.cpp calls it, after it has asked the processor.
#pragma once

#include "policy/json/json_index.h"

namespace headrace::policy {

#if defined(__x86_64__)
[[nodiscard]] std::size_t index_json_avx512(const char* text, std::size_t size, const char* end,
                                            JsonIndexState& state, std::uint16_t* offsets);
#endif

}  // namespace headrace::policy
