// Which of the optional io_uring features this kernel has, found by trying each one once on a
// small ring of its own: version numbers lie where features were backported or forbidden.
//
// Threads: any; tried at the first call, then remembered (a kernel does not change).
#pragma once

#include "core/io.h"

namespace headrace::core::uring {

// All false where no ring can be had at all.
const IoFeatures& kernel_support();

// What is both wanted and there. What is decided by making the ring is passed through as wanted.
IoFeatures supported(IoFeatures wanted);

}  // namespace headrace::core::uring
