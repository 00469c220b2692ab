// The days and months that limits run in now, for each time zone of a config: worked out once, then
// remembered until they end.
//
// Threads: one shard's.  Lifetime: that of the config whose zones it is asked for.
#pragma once

#include <array>
#include <cstdint>

#include "core/limits/calendar_window.h"
#include "policy/config/quota_view.h"

namespace headrace::policy {

class CalendarWindows {
 public:
  [[nodiscard]] core::CalendarWindow at(const config::QuotaView& quota, config::RowRef zone,
                                        core::CalendarPeriod period, core::WallTime now);

 private:
  struct Entry {
    std::uint32_t zone = 0;
    core::CalendarPeriod period = core::CalendarPeriod::total;
    core::WallTime begins = core::kEndless;  // it was asked for from then on
    core::CalendarWindow window;
  };
  // Those whose places collide are worked out anew.
  std::array<Entry, 32> entries_;
};

}  // namespace headrace::policy
