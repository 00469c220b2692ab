// Who asks, told to a provider in header fields (docs/identity.md):
//
//   X-Headrace-Tenant, -Project, -User, -Roles, -Plan        those that there are
//   X-Headrace-Timestamp: 1795789156                         when signed: Unix time
//   X-Headrace-Signature: v1=<hexadecimal HMAC-SHA256>       when signed, over
//        "v1\n" timestamp "\n" request id "\n" tenant "\n" project "\n" user "\n" roles "\n" plan
//
// Values are as they stand in the fields: bytes other than printable ASCII, and percent signs, are
// percent-encoded. A client cannot set any of these: every field of its own whose name begins with
// X-Headrace- is withheld from providers (upstream_target.h).
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/http/head_writer.h"
#include "policy/caller.h"
#include "policy/config/config_view.h"

namespace headrace::net {

struct ContextFacts {
  const policy::config::ConfigView* config = nullptr;
  const policy::Caller* caller = nullptr;  // null: the provider is not told
  std::string_view user;                   // as shown; empty: none
  std::string_view request_id;
  std::string_view secret;  // empty: not signed
  std::uint64_t now_unix_s = 0;
};

void write_context_headers(const ContextFacts& facts, http::HeadWriter& writer);

}  // namespace headrace::net
