// Sockets that listen: made, or only tried. Errors are for an operator: what, the likely cause, and
// the command that mends it.
//
// Threads: any. A few system calls, none of which waits.
#pragma once

#include <expected>
#include <string>

#include "core/io.h"
#include "core/socket_address.h"

namespace headrace::core::uring {

std::expected<Socket, std::string> listen(const SocketAddress& address, int backlog);
// Whether listen() would do now. Nobody can connect meanwhile, and nothing is left behind.
std::expected<void, std::string> try_listening(const SocketAddress& address);

// Without TCP_NODELAY small messages wait for each other.
bool send_at_once(int descriptor);

}  // namespace headrace::core::uring
