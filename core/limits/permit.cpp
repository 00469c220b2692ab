#include "core/limits/permit.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/limits/shard_limits.h"
#include "core/planted_bug.h"

namespace headrace::core {

Permit::Permit(Permit&& other) noexcept
    : limits_(other.limits_), count_(std::exchange(other.count_, 0)) {
  std::copy_n(other.receipts_.begin(), count_, receipts_.begin());
}

Permit& Permit::operator=(Permit&& other) noexcept {
  if (this != &other) {
    refund();
    limits_ = other.limits_;
    count_ = std::exchange(other.count_, 0);
    std::copy_n(other.receipts_.begin(), count_, receipts_.begin());
  }
  return *this;
}

void Permit::settle(std::span<const std::int64_t> used, LimitTime now) {
  if (empty()) return;
  HEADRACE_CHECK(used.size() == count_);
  limits_->last_seen_ = now;
  for (std::size_t i = 0; i < count_; ++i) {
    if (planted(PlantedBug::permit_part_dropped) && i > 0 && i + 1 == count_) break;
    const LimitReceipt& receipt = receipts_[i];
    if (receipt.kind == WindowKind::concurrency) {
      limits_->give_back(receipt, receipt.amount);
      continue;
    }
    const std::int64_t kept = std::clamp<std::int64_t>(used[i], 0, receipt.amount);
    limits_->keep(receipt, kept);
    if (kept < receipt.amount) limits_->give_back(receipt, receipt.amount - kept);
    if (used[i] > receipt.amount) {
      limits_->charge(receipt, std::min(used[i], kCreditMax) - receipt.amount, now);
    }
  }
  end();
}

void Permit::settle_as_reserved() {
  for (std::size_t i = 0; i < count_; ++i) {
    if (receipts_[i].kind == WindowKind::concurrency) {
      limits_->give_back(receipts_[i], receipts_[i].amount);
    } else {
      limits_->keep(receipts_[i], receipts_[i].amount);
    }
  }
  end();
}

void Permit::refund() {
  for (std::size_t i = count_; i > 0; --i)
    limits_->give_back(receipts_[i - 1], receipts_[i - 1].amount);
  end();
}

void Permit::end() {
  if (count_ > 0) --limits_->permits_out_;
  count_ = 0;
}

}  // namespace headrace::core
