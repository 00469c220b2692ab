#include "core/uring/kernel_enter.h"

#include <liburing.h>

namespace headrace::core::uring {

int kernel_enter(int ring, unsigned to_submit, unsigned min_complete, unsigned flags,
                 const void* argument, std::size_t argument_bytes) noexcept {
  // liburing takes the argument as a signal mask; the kernel reads it by the flags.
  return io_uring_enter2(static_cast<unsigned>(ring), to_submit, min_complete, flags,
                         static_cast<sigset_t*>(const_cast<void*>(argument)), argument_bytes);
}

}  // namespace headrace::core::uring
