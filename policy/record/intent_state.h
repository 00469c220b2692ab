// What has become of an intent that was written into a record ring (billing: strict).
#pragma once

#include <cstdint>

namespace headrace::policy {

enum class IntentState : std::uint8_t {
  waiting,  // for the disk
  synced,   // it is on the disk
  lost,     // it will never be there: its memory was overwritten
};

}  // namespace headrace::policy
