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

// `error` is of io_uring_setup, io_uring_register or mmap for an Io with these options.
std::string ring_refused(int error, const IoOptions& options);

// `call` is "socket", "bind" or "listen".
std::string listen_refused(int error, const char* call, const SocketAddress& address);

}  // namespace headrace::core::uring
