// What the audit log says of one request: who asked for what, and every decision about it. Texts
// are borrowed for the call that writes them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/clock.h"
#include "net/edge/peer_address.h"
#include "net/http/method.h"
#include "policy/decision_trail.h"
#include "policy/dialect/endpoint.h"

namespace headrace::net {

// What is copied as it is.
struct AuditFacts {
  core::WallTime ended_at;
  PeerAddress peer;
  std::uint32_t shard = 0;
  std::uint32_t beyond = 0;  // decisions that are not told
  std::uint16_t status = 0;
  http::Method method = http::Method::other;
  policy::Endpoint endpoint = policy::Endpoint::unknown;
};

struct AuditRecord : AuditFacts {
  std::string_view request_id;
  std::string_view path;  // without query
  std::string_view tenant;
  std::string_view key;  // its name, never the key
  std::string_view user;
  std::string_view model;
  std::string_view route;
  std::string_view provider;
  std::span<const policy::Decision> decisions;
};

}  // namespace headrace::net
