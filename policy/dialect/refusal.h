// Why a request is refused, as the stage says that refuses it: what goes on to the client in its
// language and its dialect (error_body.h).
//
// Lifetime: borrows its texts, until the answer is written.
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/dialect/reason.h"
#include "policy/messages/message.h"

namespace headrace::policy {

struct Refusal {
  Reason reason = Reason::internal;
  Message detail;
  std::string_view param = {};       // the field of the body that is concerned
  std::string_view limit = {};       // the name of what was exceeded
  std::string_view scope = {};       // whose limit
  std::int64_t retry_after_ms = -1;  // when to try again; below 0: that is not known
};

}  // namespace headrace::policy
