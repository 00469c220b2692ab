// The one system call of every turn, in a translation unit of its own: a test that defines the
// same function gets every call and can make the kernel refuse.
#pragma once

#include <cstddef>

namespace headrace::core::uring {

// io_uring_enter(2). Returns what the kernel says: submissions taken, or -errno.
int kernel_enter(int ring, unsigned to_submit, unsigned min_complete, unsigned flags,
                 const void* argument, std::size_t argument_bytes) noexcept;

}  // namespace headrace::core::uring
