// One shard's share of one large limit, as it stands in shared memory: written by its shard alone,
// so that a plain store spends it; after the shard's death, by whoever holds its incarnation.
#pragma once

#include <cstdint>
#include <optional>

#include "core/limits/limit_words.h"
#include "core/limits/permit.h"

namespace headrace::core {

struct HeldShare {
  LimitReceipt receipt{};  // of the slice
  std::int64_t balance = 0;
};

// Its name is written last and erased first: a slot without one holds nothing.
void put_share_in(ShareSlot& slot, const LimitReceipt& slice, std::int64_t balance);
// Nothing where it holds nothing, or words out of bounds.
[[nodiscard]] std::optional<HeldShare> look_at_share(const ShareSlot& slot);

}  // namespace headrace::core
