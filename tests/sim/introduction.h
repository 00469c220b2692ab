// What a proxy before the gateway says of a connection, by the PROXY protocol, before its client
// says anything; and for whom the gateway must take the client then.
#pragma once

#include <string>
#include <string_view>

#include "core/random.h"

namespace headrace::sim {

// Where all connections come from, as the kernel says.
inline constexpr std::string_view kPeerText = "192.0.2.1";

struct Introduction {
  std::string bytes;   // at the connection's beginning; empty: nothing is said
  std::string source;  // whose its requests are
  bool wrong = false;  // nobody may be served
};

// Version 1, version 2 or nothing. `may_be_wrong`: now and then it is no such header.
Introduction introduce(core::Random& random, bool may_be_wrong);

}  // namespace headrace::sim
