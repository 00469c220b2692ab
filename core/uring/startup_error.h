// What went wrong at start-up, in words for an operator: what, the likely cause, and the command
// that mends it.
//
// Errors are given as positive errno values.
#pragma once

#include <cstddef>
#include <string>

#include "core/io.h"
#include "core/socket_address.h"

namespace headrace::core::uring {

// What an Io with these options needs of the limit of lockable memory: its rings, not its buffers.
std::size_t locked_bytes(const IoOptions& options);

// `error` is of io_uring_setup, io_uring_register or mmap for an Io with these options.
std::string ring_refused(int error, const IoOptions& options);

// `call` is "socket", "bind" or "listen".
std::string listen_refused(int error, const char* call, const SocketAddress& address);

}  // namespace headrace::core::uring
