#include "core/limits/limit_return.h"

#include "core/limits/bucket_pool.h"
#include "core/limits/calendar_pool.h"
#include "core/limits/concurrency_pool.h"
#include "core/limits/share_slot.h"
#include "core/limits/sliding_pool.h"

namespace headrace::core {

namespace {

CreditReturn lapsed_unless(bool returned) {
  return returned ? CreditReturn::returned : CreditReturn::lapsed;
}

}  // namespace

CreditReturn return_credit(LimitTable& table, const LimitMemory& memory, std::uint32_t incarnation,
                           const LimitReceipt& receipt, std::int64_t amount, LimitTime now,
                           ShareReturn* share) {
  const LimitTable::Place place{.index = receipt.place, .name = receipt.name};
  const LimitLife entry = table.life(place);
  if (!entry.lasts()) return CreditReturn::lapsed;
  switch (receipt.kind) {
    case WindowKind::sliding: {
      StepBlock* block = table.block(place);
      return lapsed_unless(block != nullptr &&
                           SlidingPool(entry, *block, Duration(receipt.span_nanos))
                               .give_back(receipt.taken_at, amount, now.monotonic));
    }
    case WindowKind::bucket:
      return lapsed_unless(BucketPool(entry, receipt.refill, Duration(receipt.span_nanos))
                               .give_back(receipt.taken_at, amount));
    case WindowKind::calendar: {
      const bool back = CalendarPool(entry, 0, {}).give_back(receipt.taken_at, amount, share);
      table.mark_changed(receipt.place);
      return lapsed_unless(back);
    }
    default:
      return ConcurrencyPool(entry, memory.incarnations, incarnation).give_back(amount)
                 ? CreditReturn::returned
                 : CreditReturn::contradicted;
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
