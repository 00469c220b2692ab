// Start-up, before it listens: waits until nobody else does on the config's addresses.
//
// The kernel lets go of a ring's sockets a moment after its process has ended. Who starts in the
// place of one that was killed would find a Unix socket taken; a port would be shared with the
// dead, and what the kernel deals out to them is lost.
//
// Bounds: kAddressWait for all addresses together. Whoever still listens then is told of in the
// event log, and is meant to: a port is shared with him, anything else refuses to start.
// Threads: the main thread.
#pragma once

#include <chrono>

#include "policy/config/config_view.h"

namespace headrace::net {

inline constexpr std::chrono::milliseconds kAddressWait{2000};

void wait_for_addresses(const policy::config::ConfigView& view);

}  // namespace headrace::net
