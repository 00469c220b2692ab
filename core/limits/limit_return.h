// Brings credit back to the entry that it was taken from, if that still stands for the same limit.
//
// Threads: any, of any process.
#pragma once

#include <cstdint>

#include "core/limits/limit_table.h"
#include "core/limits/permit.h"

namespace headrace::core {

// False where the entry's words contradict it: more permits come back than are out.
bool return_credit(LimitTable& table, const LimitMemory& memory, std::uint32_t incarnation,
                   const LimitReceipt& receipt, std::int64_t amount, LimitTime now);

}  // namespace headrace::core
