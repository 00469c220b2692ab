// Brings credit back to the entry that it was taken from, if that still stands for the same limit.
//
// Threads: any, of any process.
#pragma once

#include <cstdint>

#include "core/limits/limit_table.h"
#include "core/limits/permit.h"
#include "core/limits/share_claim.h"

namespace headrace::core {

enum class CreditReturn : std::uint8_t {
  returned,
  lapsed,        // its step, bucket or window is over, or its limit was reset
  contradicted,  // by the entry's words: more permits come back than are out
};

// `share`: what it comes from, if it is one of a calendar limit.
CreditReturn return_credit(LimitTable& table, const LimitMemory& memory, std::uint32_t incarnation,
                           const LimitReceipt& receipt, std::int64_t amount, LimitTime now,
                           ShareReturn* share = nullptr);
// What is left of a share, so that it is not lost where we die over it. Nothing comes of words out
// of bounds: false.
bool return_share(LimitTable& table, const LimitMemory& memory, std::uint32_t incarnation,
                  ShareSlot& slot, LimitTime now);

}  // namespace headrace::core
