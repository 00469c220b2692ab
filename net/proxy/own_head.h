// How long a head of the gateway's own may get: the status line and what each kind of answer says
// of itself, with everything that Exchange::write_own_fields() may add to any of them.
#pragma once

#include <cstddef>

#include "policy/explanation.h"
#include "policy/quota/limit_status.h"

namespace headrace::net {

// Names of provider, route, limit and page, a request id; type, length, age; fields whose values
// are ours. A preflight's answer lists fields besides, and tells of no limits.
inline constexpr std::size_t kOwnHeadPlainBytes = 2816;
inline constexpr std::size_t kOwnHeadBytesMax =
    kOwnHeadPlainBytes + policy::kExplanationBytesMax + policy::kRateFieldsBytesMax;

}  // namespace headrace::net
