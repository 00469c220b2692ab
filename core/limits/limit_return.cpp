#include "core/limits/limit_return.h"

#include "core/limits/bucket_pool.h"
#include "core/limits/calendar_pool.h"
#include "core/limits/concurrency_pool.h"
#include "core/limits/share_slot.h"
#include "core/limits/sliding_pool.h"

namespace headrace::core {

bool return_credit(LimitTable& table, const LimitMemory& memory, std::uint32_t incarnation,
                   const LimitReceipt& receipt, std::int64_t amount, LimitTime now,
                   ShareReturn* share) {
  const LimitTable::Place place{.index = receipt.place, .name = receipt.name};
  const LimitLife entry = table.life(place);
  if (!entry.lasts()) return true;
  switch (receipt.kind) {
    case WindowKind::sliding:
      if (StepBlock* block = table.block(place)) {
        SlidingPool(entry, *block, Duration(receipt.span_nanos))
            .give_back(receipt.taken_at, amount, now.monotonic);
      }
      return true;
    case WindowKind::bucket:
      BucketPool(entry, receipt.refill, Duration(receipt.span_nanos))
          .give_back(receipt.taken_at, amount);
      return true;
    case WindowKind::calendar:
      CalendarPool(entry, 0, {}).give_back(receipt.taken_at, amount, share);
      table.mark_changed(receipt.place);
      return true;
    default:
      return ConcurrencyPool(entry, memory.incarnations, incarnation).give_back(amount);
  }
}

bool return_share(LimitTable& table, const LimitMemory& memory, std::uint32_t incarnation,
                  ShareSlot& slot, LimitTime now) {
  const auto held = look_at_share(slot);
  const bool sound = held && held->receipt.place < table.capacity();
  if (!sound || held->receipt.kind != WindowKind::calendar) slot.name.store(0);
  if (!sound) return false;
  const LimitReceipt& receipt = held->receipt;
  if (receipt.kind == WindowKind::calendar) {
    ShareReturn share(slot, held->balance);
    return_credit(table, memory, incarnation, receipt, held->balance, now, &share);
  } else {
    return_credit(table, memory, incarnation, receipt, held->balance, now);
  }
  return true;
}

}  // namespace headrace::core
