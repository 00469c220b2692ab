// io_uring constants that liburing 2.3's header lacks, as the kernel's ABI fixes them, each with
// the kernel that brought it. All are used only after a trial (core/uring/kernel_support.h).
#pragma once

#include <cstdint>

#include <liburing.h>

namespace headrace::core::uring {

// io_uring_enter flags.
inline constexpr unsigned kEnterAbsoluteTimer = 1U << 5;  // 6.12
inline constexpr unsigned kEnterIdleWait = 1U << 7;       // 6.15: "no iowait"

// Features that io_uring_setup tells of.
inline constexpr unsigned kFeatureIdleWait = 1U << 17;  // 6.15

// Flags in the ioprio of send and receive.
inline constexpr std::uint16_t kSendVectorized = 1U << 5;  // 6.17

}  // namespace headrace::core::uring
