#include "core/limits/share_slot.h"

namespace headrace::core {

void put_share_in(ShareSlot& slot, const LimitReceipt& slice, std::int64_t balance) {
  slot.balance.store(static_cast<std::uint64_t>(balance));
  slot.slice.store(static_cast<std::uint64_t>(slice.amount));
  slot.taken_at.store(slice.taken_at);
  slot.place.store(slice.place);
  slot.kind.store(static_cast<std::uint64_t>(slice.kind));
  slot.refill.store(static_cast<std::uint64_t>(slice.refill));
  slot.span_nanos.store(static_cast<std::uint64_t>(slice.span_nanos));
  slot.name.store(slice.name);
}

std::optional<HeldShare> look_at_share(const ShareSlot& slot) {
  HeldShare share{.receipt = {.identity = 0,  // of whoever it was: its place and name tell
                              .name = slot.name.load(),
                              .amount = static_cast<std::int64_t>(slot.slice.load()),
                              .taken_at = slot.taken_at.load(),
                              .refill = static_cast<std::int64_t>(slot.refill.load()),
                              .span_nanos = static_cast<std::int64_t>(slot.span_nanos.load()),
                              .place = static_cast<std::uint32_t>(slot.place.load()),
                              .kind = WindowKind::sliding,  // until it is judged
                              .measure = 0},
                  .balance = static_cast<std::int64_t>(slot.balance.load())};
  const std::uint64_t kind = slot.kind.load();
  if (share.receipt.name == 0) return std::nullopt;
  const bool sound = kind < static_cast<std::uint64_t>(WindowKind::concurrency) &&
                     share.balance > 0 && share.balance <= share.receipt.amount &&
                     share.receipt.amount <= kCreditMax && share.receipt.refill >= 0 &&
                     share.receipt.refill <= kCreditMax && share.receipt.span_nanos >= 0;
  share.receipt.kind = static_cast<WindowKind>(kind);
  const bool divides = share.receipt.kind != WindowKind::bucket || share.receipt.refill > 0;
  const bool steps = share.receipt.kind != WindowKind::sliding || share.receipt.span_nanos > 0;
  if (!sound || !divides || !steps) return std::nullopt;
  return share;
}

}  // namespace headrace::core
