// The fields of a request's head by which it may say whose it is.
#pragma once

#include <span>

#include "net/http/request_head.h"
#include "policy/identify.h"

namespace headrace::net {

// Views of the head, and of `decoded`: that holds a key that stands in the query.
[[nodiscard]] policy::PresentedCredentials presented_credentials(
    const http::RequestHead& head, std::span<char, policy::kCredentialBytesMax> decoded);

}  // namespace headrace::net
