// index_json for processors with AVX2 and BMI1. Only policy/json/json_index.cpp calls it, after it
// has asked the processor.
#pragma once

#include "policy/json/json_index.h"

namespace headrace::policy {

#if defined(__x86_64__)
[[nodiscard]] std::size_t index_json_avx2(const char* text, std::size_t size, const char* end,
                                          JsonIndexState& state, std::uint16_t* offsets);
#endif

}  // namespace headrace::policy
