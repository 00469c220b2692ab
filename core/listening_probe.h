// Looks whether anybody listens on an address, to wait for one who is about to go.
//
// Threads: any; for start-up, not for a shard's way (a few system calls, one of them a connect
// where
//          the address is a Unix socket).
#pragma once

#include "core/socket_address.h"

namespace headrace::core {

// A port whose sockets do not listen counts as free, as does what cannot be found out: whoever
// listens there afterwards is told the reason. Port 0 is always free.
[[nodiscard]] bool is_listened_on(const SocketAddress& address);

}  // namespace headrace::core
