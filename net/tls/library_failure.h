// What the library's error queue means, as one of our reasons.
#pragma once

#include <cstdint>

#include "net/tls/failure.h"

namespace headrace::net::tls {

struct LibraryFailure {
  Failure failure = Failure::internal;
  std::uint8_t peer_alert = 0;  // with Failure::peer_alert
};

// `ssl_error` is what SSL_get_error() said. Takes entries off this thread's error queue.
[[nodiscard]] LibraryFailure judge_library_error(int ssl_error);

}  // namespace headrace::net::tls
