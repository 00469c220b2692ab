// The addresses that a config adds to those of the one before, tried before it is taken over: a
// config is in force as a whole, or not at all.
//
// Threads: the main thread; a few system calls an address.
#pragma once

#include <string>

namespace headrace::policy::config {
class ConfigView;
}

namespace headrace::net {

// Why nobody can listen on some of them, a line each, for an operator. Empty: it can be done.
[[nodiscard]] std::string refused_addresses(const policy::config::ConfigView& next,
                                            const policy::config::ConfigView& current);

}  // namespace headrace::net
